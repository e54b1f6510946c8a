# polysieve with everything that its default recipe needs.
#   docker build -t polysieve . && docker run --rm -v "$PWD/out:/out" polysieve demo /out
# Kernels are compiled for the CPU that the container runs on. With `-v kernels:/var/cache/polysieve` the next container
# finds them; that volume may be read-only.
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/polysieve \
    && /opt/polysieve/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.12-slim
COPY --from=build /opt/polysieve /opt/polysieve
ENV PATH=/opt/polysieve/bin:$PATH PYTHONUNBUFFERED=1 NUMBA_CACHE_DIR=/var/cache/polysieve
RUN useradd --create-home polysieve && install -d -o polysieve /var/cache/polysieve
USER polysieve
WORKDIR /home/polysieve
ENTRYPOINT ["polysieve"]
CMD ["--help"]
