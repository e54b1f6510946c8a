"""The DAG: the steps of a run, in the order in which they are done.

Each step says in its own file what it needs, what it does and what it depends on (pipeline/steps/step.py). A step that
the recipe does not ask for is passed over. To add a step, write its file and name its value here.

```
 crawl shards (WARC/WET/ARC/Parquet/JSONL, local · s3 · http)
   └─ measure          one task per input: read, extract, identify languages, count signals, sign
        └─ index       which rows of which segment belong to a label
             ├─ fit    thresholds and stop words of each language
             ├─ clusters              exact and near duplicates
             │    ├─ lines            lines that recur over a host        (optional)
             │    └─ containment      documents that contain others       (optional)
             └─ decisions             kept or not, why, and how often; asked for before that, of what is kept so far:
                  screening → text_rules              rules that read text           (optional)
                  survivors → embeddings, scores      models                         (optional)
                  └─ choice → translate → admit       translations                   (optional)
                       └─ write       corpus, removed documents, parameters, run.json
                            └─ report a page per language
```
"""

from polysieve.pipeline.steps.cluster import step as cluster
from polysieve.pipeline.steps.containment import step as containment
from polysieve.pipeline.steps.decide import step as decide
from polysieve.pipeline.steps.embed import step as embed
from polysieve.pipeline.steps.fit import step as fit
from polysieve.pipeline.steps.host_lines import step as host_lines
from polysieve.pipeline.steps.index import step as index
from polysieve.pipeline.steps.measure import step as measure
from polysieve.pipeline.steps.report import step as report
from polysieve.pipeline.steps.score import step as score
from polysieve.pipeline.steps.step import Step
from polysieve.pipeline.steps.text_rules import step as text_rules
from polysieve.pipeline.steps.translate import step as translate
from polysieve.pipeline.steps.write import step as write

STEPS: tuple[Step, ...] = (
    measure.STEP,
    index.STEP,
    fit.STEP,
    cluster.STEP,
    host_lines.STEP,
    containment.STEP,
    decide.SCREENING,
    text_rules.STEP,
    decide.SURVIVORS,
    embed.STEP,
    score.STEP,
    decide.DECISIONS,
    translate.CHOICE,
    translate.TRANSLATE,
    translate.ADMIT,
    write.STEP,
    report.STEP,
)
