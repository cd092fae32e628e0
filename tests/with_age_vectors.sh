#!/bin/sh
# Runs PROGRAM with SATCHEL_AGE_VECTORS pointing at age's test vectors, fetched into DIR if the variable
# is not set.
set -eu

dir=${1:?usage: with_age_vectors.sh DIR PROGRAM}
program=${2:?usage: with_age_vectors.sh DIR PROGRAM}
if [ -z "${SATCHEL_AGE_VECTORS:-}" ]; then
    "$(dirname "$0")/fetch_age_vectors.sh" "$dir"
    SATCHEL_AGE_VECTORS=$dir
    export SATCHEL_AGE_VECTORS
fi
exec "$program"
