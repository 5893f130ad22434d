// Package coreml is the front page of the module github.com/gocoreml/coreml. It
// holds documentation and no code; see the packages below it.
package coreml
