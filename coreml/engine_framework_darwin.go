package coreml

import (
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
)

// CoreML.framework is linked on macOS only: no other system has it, and the layer
// beneath makes a binary of another system depend on shared libraries.
func init() { engine.Register(apple.Engine{}) }
