# The product without its stand-ins. Secrets come from the environment when a container starts.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin ticketing
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /venv /venv
COPY manage.py ./
COPY jobs jobs
COPY ticketing ticketing
COPY orders orders
COPY payments payments
COPY refunds refunds
COPY back_office back_office
# collectstatic reads the settings, which ask for secrets: these are none and stay in this one step.
RUN SECRET_KEY=none PUBLIC_URL=https://none VNPAY_TMN_CODE=none VNPAY_HASH_SECRET=none \
    VNPAY_PAYMENT_URL=https://none VNPAY_API_URL=https://none EMAIL_URL=consolemail:// \
    DATABASE_URL=postgres://none/none \
    python manage.py collectstatic --no-input
USER ticketing
EXPOSE 8000
CMD ["python", "-m", "ticketing.web_server", "--host", "0.0.0.0", "--port", "8000"]
