"""All settings, read from the environment once. ``docs/settings.md`` lists every variable; a test keeps it complete."""

from __future__ import annotations

import re
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.functional import SimpleLazyObject

from hub import env, logs
from hub.secret import secret_key

ROOT = Path(__file__).resolve().parent.parent
#: State of a run that is not configured otherwise: database, uploads, secret key, logs.
VAR = Path(env.text("HUB_VAR") or ROOT / "var").resolve()
VERSION = next(iter(re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)), "0")

DEBUG = env.flag("HUB_DEBUG", False)
#: Set by ``manage.py up`` for its own children: the database is the embedded one, so the demo account may exist.
EMBEDDED = env.flag("HUB_EMBEDDED", False)
# Made when it is first used: commands that only look into files leave no state behind.
SECRET_KEY = env.text("HUB_SECRET_KEY") or SimpleLazyObject(lambda: secret_key(VAR / "secret-key"))
# The health check of a container asks for localhost, whatever the site is called outside.
ALLOWED_HOSTS = [*env.words("HUB_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"), "localhost"]
CSRF_TRUSTED_ORIGINS = env.words("HUB_CSRF_TRUSTED_ORIGINS")
#: Where people find the hub: links in mails begin so, which no request tells the worker that sends them.
HUB_PUBLIC_URL = env.address("HUB_PUBLIC_URL")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials",
    "hub",
    "hub.requests",
    "hub.accounts",
    "hub.webhooks",
    "registry",
    "training",
    "hub.own_data",
]

MIDDLEWARE = [
    "hub.limits.BodyLimit",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "hub.languages.ChooseLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hub.partial_pages.SignInAgain",
    "hub.requests.conditional.ApiHeaders",
]

ROOT_URLCONF = "hub.urls"
WSGI_APPLICATION = "hub.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "hub.accounts.notices.in_header",
                "hub.preferences.in_templates",
            ]
        },
    }
]

# Without an address the processes of one run still agree on the embedded server's socket, where ``up`` starts it.
DATABASES = {
    "default": dj_database_url.parse(
        env.text("DATABASE_URL") or f"postgresql://postgres@/starword?host={VAR / 'postgres'}",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

#: Word lists of base families that come with the hub, by which tokens that are words already are refused.
VOCABULARIES = {"pocket": ROOT / "training" / "pocket" / "weights" / "tokenizer" / "vocab.json"}

#: Address of the job queue: empty for PostgreSQL, or ``amqp://…`` or ``redis://…``.
HUB_BROKER_URL = env.text("HUB_BROKER_URL")
HUB_SCORING_MODELS = env.words("HUB_SCORING_MODELS")
HUB_TRAINING_SLOTS = env.number("HUB_TRAINING_SLOTS", 8, minimum=1)

#: What each account may have, unless staff allow it something else (:class:`training.models.Allowance`).
HUB_ACCOUNT_JOBS = env.number("HUB_ACCOUNT_JOBS", 10)
HUB_ACCOUNT_RUNNING_JOBS = env.number("HUB_ACCOUNT_RUNNING_JOBS", 4)
HUB_ACCOUNT_MINUTES_A_DAY = env.number("HUB_ACCOUNT_MINUTES_A_DAY", 240)
HUB_ACCOUNT_MEGABYTES = env.number("HUB_ACCOUNT_MEGABYTES", 2_000)
#: Minutes of a worker's time that one job may take.
HUB_JOB_MINUTES = env.number("HUB_JOB_MINUTES", 120, minimum=1)
#: Days after a job's end for which its training images are kept.
HUB_TRAINING_IMAGES_DAYS = env.number("HUB_TRAINING_IMAGES_DAYS", 30)

#: Who runs the hub, whom to write to, and what they ask of people: shown on the about page.
HUB_OPERATOR_NAME = env.text("HUB_OPERATOR_NAME")
HUB_OPERATOR_CONTACT = env.text("HUB_OPERATOR_CONTACT")
HUB_RULES = env.text("HUB_RULES")

#: What a program must send to read ``/metrics``; without one there is no such page.
HUB_METRICS_TOKEN = env.text("HUB_METRICS_TOKEN")

# In the database, since counters of throttles and of failed logins must hold for all processes and over restarts.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "hub_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # no mail server is needed to run a hub
ACCOUNT_ADAPTER = "hub.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "hub.accounts.forms.LoginForm",
    "signup": "hub.accounts.forms.SignupForm",
    "change_password": "hub.accounts.forms.ChangePasswordForm",
    "set_password": "hub.accounts.forms.SetPasswordForm",
    "reset_password": "hub.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "hub.accounts.forms.ResetPasswordKeyForm",
    "add_email": "hub.accounts.forms.AddEmailForm",
    "reauthenticate": "hub.accounts.forms.ReauthenticateForm",
}
# Addresses prove nothing here, since none is verified. So they must not keep anybody from a second factor either.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Starword"
#: Steps of 30 seconds by which a phone's clock may be wrong.
MFA_TOTP_TOLERANCE = 1
MFA_ADAPTER = "hub.accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "hub.accounts.forms.CodeForm",
    "reauthenticate": "hub.accounts.forms.CodeAgainForm",
    "activate_totp": "hub.accounts.forms.FirstCodeForm",
}
# Else each request would write to the database.
USERSESSIONS_TRACK_ACTIVITY = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
HUB_SIGNUP_OPEN = env.flag("HUB_SIGNUP_OPEN", True)
# allauth counts failed logins per client; behind proxies it must know how many to look through.
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("HUB_TRUSTED_PROXIES", 0)

# Without a mail server mails go to the log, and pages that would promise one say so instead.
EMAIL_HOST = env.text("HUB_EMAIL_HOST")
EMAIL_PORT = env.number("HUB_EMAIL_PORT", 587, minimum=1)
EMAIL_HOST_USER = env.text("HUB_EMAIL_USER")
EMAIL_HOST_PASSWORD = env.text("HUB_EMAIL_PASSWORD")
EMAIL_USE_TLS = env.flag("HUB_EMAIL_TLS", True)
EMAIL_TIMEOUT = 10  # seconds; the page that sends waits for it
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("HUB_EMAIL_FROM", "starword@localhost")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [ROOT / "static"]
MEDIA_ROOT = VAR / "storage"
_S3_BUCKET = env.text("HUB_S3_BUCKET")
STORAGES = {
    "default": (
        {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": _S3_BUCKET,
                "endpoint_url": env.text("HUB_S3_ENDPOINT") or None,
                "default_acl": None,
                "file_overwrite": True,
            },
        }
        if _S3_BUCKET
        else {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    ),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
#: Bytes of a form without its files; embeddings and images have limits of their own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 100
CSRF_FAILURE_VIEW = "hub.error_pages.csrf_failure"

_SECURE = env.flag("HUB_HTTPS", False)
SECURE_SSL_REDIRECT = False  # the proxy that ends TLS redirects
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/api/hub/docs"],
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    },
}

#: Requests to the API in an hour: of one token, and of one address without an account.
HUB_API_REQUESTS = env.number("HUB_API_REQUESTS_PER_HOUR", 5000, minimum=1)
HUB_API_ANONYMOUS_REQUESTS = env.number("HUB_API_ANONYMOUS_REQUESTS_PER_HOUR", 1000, minimum=1)
#: Whether webhooks may be sent to addresses that only this network reaches.
HUB_WEBHOOKS_PRIVATE = env.flag("HUB_WEBHOOKS_PRIVATE", False)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "hub.accounts.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_PARSER_CLASSES": [
        "hub.requests.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "hub.requests.openapi.HubSchema",
    "DEFAULT_THROTTLE_CLASSES": ["hub.requests.throttles.RequestThrottle"],
    "EXCEPTION_HANDLER": "hub.api.exception_handler",
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Starword",
    "DESCRIPTION": "Registry and training of textual-inversion embeddings. [Back to the hub](/), [your tokens](/accounts/tokens/).",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/hub",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "hub.requests.openapi.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "BaseFamily": "registry.models.FAMILY_CHOICES",
        "Kind": "registry.models.Kind",
        "JobKind": "training.models.Job.Kind",
        "Reason": "registry.models.Reason",
        "ReportState": "registry.models.Report.State",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING = logs.configuration(
    kind=env.choice("HUB_LOG_FORMAT", ("plain", "json")), level=env.text("HUB_LOG_LEVEL", "INFO").upper()
)
