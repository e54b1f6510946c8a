"""Any server with OpenAI's chat interface: vLLM, SGLang, llama.cpp, a provider.

Several texts go into one request as a JSON array and must come back as one of the same length; an answer that is
anything else is asked for again in halves, down to one text, which is asked for in plain words. Requests that fail
for a reason that may pass (429, 5xx, no connection, no answer in time) are repeated with growing pauses; after the
last one the engine is down. What the server refuses about one text (400, 413, 422, a filter, an answer cut off)
is that segment's failure.
"""

import json
import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from polysieve.translation.engines import FAILED, EngineDown, EngineError, Segment, digest
from polysieve.translation.engines.prompt import PROMPT

_MANY = (
    "The user sends a JSON array of texts. "
    "Answer with a JSON array of their translations, in order, and nothing else."
)
_ONE = "Answer with the translation of the user's text and nothing else."
_PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 520, 529}
_REFUSED = {400, 413, 422}
_KEY = {401, 403}
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)  # what a reasoning model says first
_LONGEST_PAUSE = 60.0
_TOKENS_PER_WORD = 2.0  # of an estimate: prompt and answer each


class OpenAI:
    """A model behind an address."""

    name = "openai"

    def __init__(
        self,
        endpoint: str,
        model: str,
        prompt: str = PROMPT,
        items: int = 8,
        concurrency: int = 8,
        max_tokens: int = 2048,
        temperature: float = 0.0,
        timeout: float = 120.0,
        retries: int = 6,
        pause: float = 1.0,
        api_key_env: str = "OPENAI_API_KEY",
        price_prompt: float = 0.0,
        price_completion: float = 0.0,
        extra: dict[str, Any] | None = None,
    ) -> None:
        """endpoint: the address up to `/v1`. prompt: `{source}` and `{target}` stand for the labels. items: texts of a
        request. pause: seconds before the first repetition; it doubles. api_key_env: the variable that holds the
        key, where one is needed. prices: for a million tokens. extra: further keys of the request.

        Raises EngineError.
        """
        if not endpoint.startswith(("http://", "https://")):
            raise EngineError(f"openai: {endpoint}: an address begins with http:// or https://")
        try:
            prompt.format(source="a", target="b")
        except (KeyError, IndexError, ValueError) as error:
            raise EngineError(
                f"openai: the prompt holds {error}; only {{source}} and {{target}} are filled in"
            ) from None
        self.url = endpoint.rstrip("/") + "/chat/completions"
        self.model, self.prompt, self.items, self.concurrency = model, prompt, items, concurrency
        self.timeout, self.retries, self.pause = timeout, retries, pause
        self.body = {
            "model": model, "max_tokens": max_tokens, "temperature": temperature, "seed": 0, **(extra or {})
        }  # fmt: skip
        self.prices = price_prompt / 1e6, price_completion / 1e6
        self.key_name, self.key = api_key_env, os.environ.get(api_key_env, "")
        self.batch = items * concurrency
        self.hash = digest(endpoint=endpoint, prompt=prompt, items=items, body=self.body)
        self._usage = dict.fromkeys(
            ("requests", "repeated", "prompt_tokens", "completion_tokens", "cost"), 0.0
        )
        self._lock = threading.Lock()

    def describe(self) -> list[dict[str, str]]:
        return [{"engine": self.name, "model": self.model, "hash": self.hash}]

    def problem(self, source: str, target: str) -> str | None:
        return None

    def usage(self) -> dict[str, float]:
        with self._lock:
            return dict(self._usage)

    def estimate(self, words: int) -> dict[str, float]:
        tokens = words * _TOKENS_PER_WORD
        return {"cost": tokens * sum(self.prices)} if any(self.prices) else {}

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        """As Engine.translate. Raises EngineDown."""
        prompt = self.prompt.format(source=source, target=target)
        groups = [list(texts[i : i + self.items]) for i in range(0, len(texts), self.items)]
        with ThreadPoolExecutor(self.concurrency) as pool:
            asked = [pool.submit(self._group, group, prompt) for group in groups]
        done: dict[str, Segment] = {}
        down: EngineDown | None = None
        for group, answer in zip(groups, asked, strict=True):
            try:
                done |= zip(group, answer.result(), strict=True)
            except EngineDown as error:
                down = error
        if down is not None:
            raise EngineDown(str(down), done)
        return [done[text] for text in texts]

    def _group(self, texts: list[str], prompt: str) -> list[Segment]:
        if len(texts) == 1:
            answer = self._ask(f"{prompt} {_ONE}", texts[0])
            return [Segment(answer) if answer and answer.strip() else Segment("", FAILED)]
        answer = self._ask(f"{prompt} {_MANY}", json.dumps(texts, ensure_ascii=False))
        found = _array(answer, len(texts))
        if found is not None:
            return [Segment(text) for text in found]
        half = len(texts) // 2
        return self._group(texts[:half], prompt) + self._group(texts[half:], prompt)

    def _ask(self, system: str, text: str) -> str | None:
        """The model's answer; None where it refuses, or is cut off. Raises EngineDown."""
        messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
        body = json.dumps({**self.body, "messages": messages}).encode()
        pause, reason = self.pause, ""
        for attempt in range(self.retries + 1):
            if attempt:
                self._count(repeated=1)
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                answer = self._post(body)
            except urllib.error.HTTPError as error:
                with error:
                    reason = f"{error.code} {error.reason}"
                if error.code in _REFUSED:
                    return None
                if error.code not in _PASSING:
                    cure = f"; the key is read from {self.key_name}" if error.code in _KEY else ""
                    raise EngineDown(f"openai: {self.url} answers {reason}{cure}") from None
                wait = error.headers.get("Retry-After", "")
                pause = min(max(pause, float(wait) if wait.isdigit() else 0.0), _LONGEST_PAUSE)
            except (OSError, ValueError) as error:  # no connection, no answer in time, no JSON
                reason = str(error)
            else:
                content = _content(answer)
                if content is not _UNKNOWN:
                    self._charge(answer)
                    return content
                reason = "the answer has no choices[0].message.content"
        raise EngineDown(
            f"openai: {self.url}: no answer after {self.retries + 1} requests: {reason}"
        )

    def _post(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        self._count(requests=1)
        request = urllib.request.Request(self.url, body, headers)
        until = time.monotonic() + self.timeout
        data = b""
        with urllib.request.urlopen(request, timeout=self.timeout) as response:
            while part := response.read1(
                1 << 16
            ):  # bounded as a whole: a server may send a byte now and then
                data += part
                if time.monotonic() > until:
                    raise TimeoutError(f"no whole answer within {self.timeout:g} s")
        return json.loads(data)

    def _charge(self, answer: Any) -> None:
        used = answer.get("usage") or {}
        prompt, completion = (
            float(used.get(key) or 0) for key in ("prompt_tokens", "completion_tokens")
        )
        cost = prompt * self.prices[0] + completion * self.prices[1]
        self._count(prompt_tokens=prompt, completion_tokens=completion, cost=cost)

    def _count(self, **counts: float) -> None:
        with self._lock:
            for key, value in counts.items():
                self._usage[key] += value


_UNKNOWN = "\0unknown"


def _content(answer: Any) -> str | None:
    """The text of an answer; None for one that was cut off or filtered, _UNKNOWN for what is no answer."""
    try:
        choice = answer["choices"][0]
        content = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        return _UNKNOWN
    if choice.get("finish_reason") in ("length", "content_filter") or content is None:
        return None
    return _THOUGHT.sub("", content, count=1) if isinstance(content, str) else _UNKNOWN


def _array(answer: str | None, length: int) -> list[str] | None:
    """The translations in an answer; None unless it is an array of so many texts, none of them empty."""
    if answer is None:
        return None
    start, end = (
        answer.find("["),
        answer.rfind("]"),
    )  # models like to put it between ```json and ```
    try:
        found = json.loads(answer[start : end + 1])
    except ValueError:
        return None
    if not isinstance(found, list) or len(found) != length:
        return None
    return found if all(isinstance(text, str) and text.strip() for text in found) else None
