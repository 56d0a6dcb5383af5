# The workbench on a CPU. docs/how-to/deploy-with-docker.md tells how to build and run it.
#
# PYTHON_IMAGE: any Debian with Python 3.11 and its headers.
# TORCH_INDEX: address of an index with PyTorch's CPU wheels; empty takes PyTorch with CUDA from the default index.
# EXTRA: of pyproject.toml, one with a list of its own, such as offline or hub.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
ARG TORCH_INDEX=""
ARG EXTRA=offline
WORKDIR /source
COPY pyproject.toml requirements-*.txt requirements.txt ./
# Packages first: they change less often than the code. Whisper asks for triton (1 GB), which works on GPUs only.
RUN python3 -m venv /opt/zest \
    && /opt/zest/bin/pip install --no-cache-dir --no-compile ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
        -r "requirements-$EXTRA.txt" \
    && if /opt/zest/bin/python -c "import sys, torch; sys.exit(torch.version.cuda is not None)"; then \
        /opt/zest/bin/pip uninstall --yes triton; fi
COPY setup.py README.md LICENSE ./
COPY pipelines pipelines
COPY evaluation evaluation
COPY workbench workbench
COPY recipes recipes
COPY examples examples
COPY docs/results/mini docs/results/mini
COPY checkpoints checkpoints
RUN /opt/zest/bin/pip install --no-cache-dir --no-deps .

FROM ${PYTHON_IMAGE}
RUN useradd --uid 1000 --create-home zest \
    && mkdir -p /data/studies /data/cache \
    && chown -R zest:zest /data
COPY --from=build /opt/zest /opt/zest
ENV PATH=/opt/zest/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/data/cache/uploads \
    HF_HOME=/data/cache/huggingface \
    NUMBA_CACHE_DIR=/data/cache/numba \
    WORKBENCH_STUDIES=/data/studies \
    WORKBENCH_TAKES=/data/cache/takes \
    XDG_CACHE_HOME=/data/cache
USER zest
WORKDIR /data
VOLUME ["/data/studies", "/data/cache"]
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['GRADIO_SERVER_PORT']}/\", timeout=4)"]
CMD ["zest", "page"]
