#!/bin/sh
# Start the broker with the users and passwords of the environment.
set -eu
umask 077
run=${XDG_CONFIG_HOME:-/run/mosquitto}

cp /mosquitto/config/acl "$run/acl"
{
  echo "ingest:$POSTMINE_MQTT_PASSWORD"
  echo "gateway:$POSTMINE_GATEWAY_PASSWORD"
} >"$run/passwords"
# From plain text to hashes, in place: a password is never an argument that `ps` shows.
mosquitto_passwd -U "$run/passwords"

# The options of mosquitto_sub, for the health check.
{
  echo "--username ingest"
  echo "--pw $POSTMINE_MQTT_PASSWORD"
} >"$run/mosquitto_sub"

unset POSTMINE_MQTT_PASSWORD POSTMINE_GATEWAY_PASSWORD
exec mosquitto -c /mosquitto/config/mosquitto.conf
