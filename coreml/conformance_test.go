package coreml_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/enginetest"
)

func TestPortableEngine(t *testing.T) { enginetest.Run(t, engine.Lookup("portable")) }
