#!/bin/sh
# Start the broker with the users and passwords of the environment.
set -eu
umask 077
run=${XDG_CONFIG_HOME:-/run/mosquitto}

# What `postmine broker-config` wrote, where it is mounted: a user per gateway of the site.
site=${POSTMINE_BROKER_FILES:-/mosquitto/site}

cp /mosquitto/config/acl "$run/acl"
echo "ingest:$POSTMINE_MQTT_PASSWORD" >"$run/passwords"
if [ ! -e "$site/access" ]; then
  echo "gateway:$POSTMINE_GATEWAY_PASSWORD" >>"$run/passwords"
fi
# From plain text to hashes, in place: a password is never an argument that `ps` shows.
mosquitto_passwd -U "$run/passwords"
if [ -e "$site/access" ]; then
  { cat "$site/access"; printf '\nuser ingest\ntopic read $SYS/broker/uptime\n'; } >"$run/acl"
  # Hashed already; ingest keeps the password of the environment.
  grep -v '^ingest:' "$site/passwords" >>"$run/passwords"
fi

# The options of mosquitto_sub, for the health check.
{
  echo "--username ingest"
  echo "--pw $POSTMINE_MQTT_PASSWORD"
} >"$run/mosquitto_sub"

unset POSTMINE_MQTT_PASSWORD POSTMINE_GATEWAY_PASSWORD
exec mosquitto -c /mosquitto/config/mosquitto.conf
