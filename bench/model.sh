# shellcheck shell=bash
# model.sh   what prepare.sh and gopeer.sh share. They set dir, the folder that they
# fill, and coreml, the command of this project.

# rope_base prints the rotary base of a shape of synth, or of a package.
rope_base() {
  if [ -e "$1" ]; then
    echo "${ROPE_BASE:?set it to the rotary base of $1}"
    return
  fi
  case $1 in
  mistral-7b) echo 1000000 ;;
  smollm2-*) echo 100000 ;;
  llama-3.2-*) echo 500000 ;;
  *) echo 10000 ;;
  esac
}

# add_package makes a shape of synth, or takes a path to a package, as
# $dir/models/NAME.package and prints NAME.
add_package() {
  local name package
  mkdir -p "$dir/models"
  name=$(basename "$1" .mlpackage)
  if [ -e "$1" ]; then
    package=$(realpath "$1")
    [ "$name" != model ] || name=$(basename "$(dirname "$package")")
  else
    package=$dir/models/$name.mlpackage
    [ -e "$package" ] || "$coreml" synth --shape "$1" "$package" >&2 || return
  fi
  ln -sfn "$package" "$dir/models/$name.package"
  echo "$name"
}
