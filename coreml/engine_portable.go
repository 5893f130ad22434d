package coreml

// The portable engine is linked into every program that uses this package.
import _ "github.com/gocoreml/coreml/internal/engine/portable"
