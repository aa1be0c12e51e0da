# The sandbox in a container.  It is untried: it was written where no container could be built.  Its commands were tried
# one by one in a bare Debian.  docs/sandbox.md says how tests reach it.
#
#   docker build -t vpce-demo-sandbox .
#   docker run --rm --init --network host vpce-demo-sandbox --speed max    # Linux: http://127.0.0.1:4566
FROM python:3.14-slim AS build
COPY pyproject.toml README.md LICENSE /source/
COPY vpce_demo /source/vpce_demo
RUN python -m venv /opt/vpce-demo && /opt/vpce-demo/bin/pip install --no-cache-dir '/source[sandbox]'

FROM python:3.14-slim
COPY --from=build /opt/vpce-demo /opt/vpce-demo
ENV PATH=/opt/vpce-demo/bin:$PATH
RUN useradd --create-home sandbox
USER sandbox
WORKDIR /home/sandbox
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:4566/_sandbox/health')"]
ENTRYPOINT ["vpce-demo", "sandbox", "run", "--port", "4566", "--proxy-port", "4567"]
