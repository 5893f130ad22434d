// Package hub downloads from a Hugging Face hub into the cache that Python's
// huggingface_hub uses.
package hub
