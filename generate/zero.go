package generate

import (
	"errors"
	"fmt"
)

// noGenerator answers for a Generator that no Open or New made, the zero value or a
// nil pointer: what is left when the error of making one was not looked at. It is
// a closed one without a model.
var noGenerator = closedGenerator()

func closedGenerator() *Generator {
	g := &Generator{prefixes: new(prefixes), bound: &boundModel{d: new(Driver)}, defaults: Defaults{PadToken: -1}, turnEnd: -1}
	g.pool = newPool(nil, 1, func() error { return nil })
	_ = g.pool.close() // there is nothing that could fail
	return g
}

// made returns g, and noGenerator for one that nothing made.
func (g *Generator) made() *Generator {
	if g == nil || g.bound == nil {
		return noGenerator
	}
	return g
}

// check refuses the generator that nothing made.
func (g *Generator) check() error {
	if g == noGenerator {
		return fmt.Errorf("generator: %w", ErrClosed)
	}
	return nil
}

var (
	errNilReader     = errors.New("generate: the reader is nil")
	errNilFileSystem = errors.New("the file system is nil")
)
