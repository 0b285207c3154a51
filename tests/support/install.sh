#!/bin/sh
# Some tests need Debian packages: Chromium, RabbitMQ, Redis, gettext. Those that are missing are installed where that can be done
# (Debian, as root); elsewhere, or where it fails, those tests skip and say what is missing.
set -u
missing=
command -v chromium >/dev/null 2>&1 || missing="chromium fonts-dejavu-core"
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing="$missing rabbitmq-server"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v xgettext >/dev/null 2>&1 || missing="$missing gettext"
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || exit 0

# The tests start servers of their own. Those of the packages are not started now, and not with the machine either.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
fi
services="rabbitmq-server.service redis-server.service epmd.service epmd.socket"
before=$(ls /lib/systemd/system 2>/dev/null)
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1
for package in $missing; do  # one by one, so that one that there is not keeps no other away
    said=$(apt-get install -y -qq --no-install-recommends "$package" 2>&1) ||
        printf '%s\n%s could not be installed; the tests that need it will skip.\n' "$said" "$package" >&2
done
for service in $services; do
    case "$before" in *"$service"*) continue ;; esac  # it was here before, as somebody wants it
    [ ! -e "/lib/systemd/system/$service" ] || systemctl disable --quiet "$service" 2>/dev/null
done
exit 0
