// Package decoder finds the parts of a Llama or Mistral package that another
// program's format for weights asks for. What is measured against this project is
// fed from it.
package decoder

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// The matrices of a layer, in the order in which the program uses them.
const (
	Query = iota
	Key
	Value
	Output
	Gate
	Up
	Down
	// PerLayer is their number.
	PerLayer
)

// Decoder is what the program of a Llama or Mistral package consists of.
type Decoder struct {
	// Embedding holds a row for each token.
	Embedding *mil.Value
	// Gains are those of all norms in order: two for each layer, and the last.
	Gains [][]float32
	// Epsilon is what the norms add under the root.
	Epsilon float32
	// Layers, KVHeads, Context and HeadDim are the shape of the key-value cache.
	Layers, KVHeads, Context, HeadDim int

	products []*mil.Value // the weights of all linears, in order
	pkg      *modelpkg.Package
}

// Open reads the function main of the package at a path. The weights lie in the
// package's files and hold until Close.
func Open(path string) (*Decoder, error) {
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		return nil, err
	}
	d, err := read(pkg)
	if err != nil {
		return nil, errors.Join(err, pkg.Close())
	}
	d.pkg = pkg
	return d, nil
}

// Close releases the package.
func (d *Decoder) Close() error { return d.pkg.Close() }

func read(pkg *modelpkg.Package) (*Decoder, error) {
	p, err := mil.Read(context.Background(), pkg)
	if err != nil {
		return nil, err
	}
	fn := p.Function("main")
	if fn == nil {
		return nil, errors.New("the package has no function main")
	}
	return readFunction(fn)
}

// readFunction finds the parts of a program by what is done with them.
func readFunction(fn *mil.Function) (*Decoder, error) {
	d := new(Decoder)
	for _, v := range fn.Inputs {
		if v.Type.Kind == mil.State && len(v.Type.Shape) == 5 && d.HeadDim == 0 {
			// Layers, 1, key-value heads, context, head dimension.
			s := v.Type.Shape
			d.Layers, d.KVHeads, d.Context, d.HeadDim = s[0], s[2], s[3], s[4]
		}
	}
	if min(d.Layers, d.KVHeads, d.Context, d.HeadDim) < 1 {
		return nil, errors.New("the program has no cache of rank 5")
	}
	for _, op := range fn.Body.Ops {
		switch op.Type {
		case "gather":
			if x := op.Input("x"); d.Embedding == nil && x != nil && len(x.Type.Shape) == 2 && x.Type.DType.IsFloat() {
				d.Embedding = x
			}
		case "linear":
			if w := op.Input("weight"); w != nil && len(w.Type.Shape) == 2 {
				d.products = append(d.products, w)
			}
		case "mul":
			d.gain(op)
		case "rsqrt":
			d.readEpsilon(op)
		}
	}
	if d.Embedding == nil {
		return nil, errors.New("the program reads no embedding")
	}
	return d, d.check()
}

// check compares the numbers of the parts with the number of layers.
func (d *Decoder) check() error {
	if want := PerLayer*d.Layers + 1; len(d.products) != want {
		return fmt.Errorf("the program has %d matrix products, where %d layers have %d", len(d.products), d.Layers, want)
	}
	norms := 2*d.Layers + 1
	if len(d.Gains) == 0 { // all of them one, which converters leave out
		ones := make([]float32, d.Hidden())
		for i := range ones {
			ones[i] = 1
		}
		for range norms {
			d.Gains = append(d.Gains, ones)
		}
	}
	if len(d.Gains) != norms {
		return fmt.Errorf("the program has %d norms, where %d layers have %d", len(d.Gains), d.Layers, norms)
	}
	return nil
}

// gain notes the constant that a norm multiplies by.
func (d *Decoder) gain(op *mil.Op) {
	if d.Embedding == nil {
		return
	}
	for _, operand := range []string{"x", "y"} {
		v := op.Input(operand)
		if v == nil || v.Const == nil || len(v.Const.Shape) != 1 || v.Const.Shape[0] != d.Hidden() {
			continue
		}
		values := make([]float32, v.Const.Shape[0])
		for i := range values {
			values[i] = mil.FloatAt(v.Const.Data, v.Const.DType, i)
		}
		d.Gains = append(d.Gains, values)
	}
}

// readEpsilon notes what is added under the root of a norm.
func (d *Decoder) readEpsilon(op *mil.Op) {
	x := op.Input("x")
	if x == nil || x.Producer == nil || x.Producer.Type != "add" {
		return
	}
	for _, operand := range []string{"x", "y"} {
		if v := x.Producer.Input(operand); v != nil && v.Const != nil && len(v.Const.Shape) == 0 {
			d.Epsilon = mil.FloatAt(v.Const.Data, v.Const.DType, 0)
		}
	}
}

// Matrix returns a weight of a layer: Query, Key and so on.
func (d *Decoder) Matrix(layer, kind int) *mil.Value { return d.products[PerLayer*layer+kind] }

// Head returns the matrix that makes logits, nil where it is the embedding.
func (d *Decoder) Head() *mil.Value {
	if head := d.products[PerLayer*d.Layers]; head != d.Embedding {
		return head
	}
	return nil
}

// Vocab returns the number of tokens.
func (d *Decoder) Vocab() int { return d.Embedding.Type.Shape[0] }

// Hidden returns the length of a token's vector.
func (d *Decoder) Hidden() int { return d.Embedding.Type.Shape[1] }

// Heads returns the number of query heads.
func (d *Decoder) Heads() int { return d.Matrix(0, Query).Type.Shape[0] / d.HeadDim }

// FFN returns the length of the vector inside a feed-forward part.
func (d *Decoder) FFN() int { return d.Matrix(0, Gate).Type.Shape[0] }
