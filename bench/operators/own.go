package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// loaded is a program of ours with its inputs and room for its results.
type loaded struct {
	engine.Program
	in, out []*tensor.Tensor
}

// load writes the package of an operation and loads it.
func (op *operation) load(ctx context.Context, dir string, threads int) (*loaded, error) {
	p := program{
		Builder: mil.NewBuilder("main", "CoreML8"), random: rand.New(rand.NewPCG(1, 2)), half: op.half, results: op.results,
	}
	l := &loaded{}
	for k, shape := range op.inputs {
		p.in = append(p.in, p.Input(fmt.Sprintf("x%d", k), p.dtype(), shape...))
		l.in = append(l.in, p.input(shape))
	}
	op.build(&p)
	program, err := p.Program()
	if err != nil {
		return nil, err
	}
	if err := mil.Write(dir, program, nil); err != nil {
		return nil, err
	}
	kind := tensor.Float32
	if op.half {
		kind = tensor.Float16
	}
	for _, shape := range op.results {
		l.out = append(l.out, tensor.New(kind, shape...))
	}
	l.Program, err = portable.Engine{}.Load(ctx, engine.Source{Path: dir}, engine.Config{Threads: threads})
	return l, err
}

// input makes a tensor of random numbers.
func (p *program) input(shape []int) *tensor.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	x, halves := make([]float32, n), make([]tensor.Half, n)
	for k := range x {
		x[k] = float32(p.random.NormFloat64())
		halves[k] = tensor.Half(dtype.Float32ToFloat16(x[k]))
	}
	if p.half {
		return tensor.Wrap(halves, shape...)
	}
	return tensor.Wrap(x, shape...)
}

// time predicts for a while and returns what a prediction takes, in milliseconds.
func (l *loaded) time(ctx context.Context, o *options) (float64, error) {
	begin := time.Now()
	clock := func() time.Duration { return time.Since(begin) }
	if o.cpu {
		clock = cpuTime
	}
	var times []time.Duration
	for len(times) == 0 || time.Since(begin) < o.slice {
		from := clock()
		if err := l.Predict(ctx, l.in, l.out, nil); err != nil {
			return 0, err
		}
		times = append(times, clock()-from)
	}
	took := median(times)
	if o.best {
		took = slices.Min(times)
	}
	return float64(took) / float64(time.Millisecond), nil
}
