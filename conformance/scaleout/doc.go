// Package scaleout has a test of several servers behind a router: two of `coreml serve`
// on loopback behind vllm-router, with conversations that stay where their state lies.
// `make scale-out` runs it; docs/scale-out.md is the recipe that it tries.
package scaleout
