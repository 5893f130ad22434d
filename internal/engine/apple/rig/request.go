//go:build linux && (amd64 || arm64)

package rig

import (
	"context"
	"fmt"
	"os"
	"sync"
	"unsafe"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/tensor"
)

// Limits of standin.h. Both sides have arrays of these lengths, so a change
// here is one there.
const (
	maxRank     = 16
	maxFeatures = 128
	maxMessage  = 512
)

const (
	// The operations, in the order of the enum in standin.h.
	opDescribe = iota + 1
	opLoad
	opUnload
	opPredict
	opTake
	opDrop
	opNewState
	opFreeState
	opReadState
	opWriteState
)

// request is struct request of standin.h. It lies in memory of C. Its fields
// must have the order and the sizes of the struct in C: all numbers are 64 bits
// wide, so that no padding comes between them. Pointers in it are valid until
// the request has been answered.
type request struct {
	op, handle, state int64
	path, name        *byte
	count             int64
	tensors           *[maxFeatures]array
	result, failed    int64
	message           [maxMessage]byte
}

// array is struct tensor of standin.h. data is the stand-in's, strides count
// elements; kind is an element type or a pixel format.
type array struct {
	name           *byte
	data           unsafe.Pointer
	kind, rank     int64
	shape, strides [maxRank]int64
}

// table gives numbers to what the stand-in holds. C must not hold Go pointers,
// so that it gets numbers in their place: of programs, states and results. A
// number is never used again.
type table struct {
	sync.Mutex
	next  int64
	items map[int64]any
}

var handles = table{items: map[int64]any{}}

// put keeps a value and returns its number, which is never 0: that stands for
// none in C.
func (t *table) put(v any) int64 {
	t.Lock()
	defer t.Unlock()
	t.next++
	t.items[t.next] = v
	return t.next
}

// take removes a value and returns it, nil when there is none of that number.
func (t *table) take(h int64) any {
	t.Lock()
	defer t.Unlock()
	v := t.items[h]
	delete(t.items, h)
	return v
}

// count returns how many values the stand-in has not given back.
func (t *table) count() int {
	t.Lock()
	defer t.Unlock()
	return len(t.items)
}

// find returns the value of a number, which must be of the type that the
// request expects.
func find[T any](h int64) (T, error) {
	handles.Lock()
	defer handles.Unlock()
	v, ok := handles.items[h].(T)
	if !ok {
		return v, fmt.Errorf("there is no %T of number %d", v, h)
	}
	return v, nil
}

// answer serves one request of the stand-in. A panic must not cross its frames.
func answer(r *request) {
	defer func() {
		if p := recover(); p != nil {
			r.fail(fmt.Errorf("panic: %v", p))
		}
	}()
	if err := serve(r); err != nil {
		r.fail(err)
		return
	}
	r.failed = 0
}

// fail tells C of an error, cut to the room that there is.
func (r *request) fail(err error) {
	r.failed = 1
	n := copy(r.message[:maxMessage-1], err.Error())
	r.message[n] = 0
}

// serve does what one request asks for. A prediction takes two requests:
// opPredict computes and tells shapes, and opTake copies into memory that the
// stand-in has allocated by them.
func serve(r *request) error {
	switch r.op {
	case opDescribe:
		text, err := describe(goString(r.path))
		if err != nil {
			return err
		}
		return os.WriteFile(goString(r.name), text, 0o600)
	case opLoad:
		path := goString(r.path)
		p, err := portable.Engine{}.Load(context.Background(), engine.Source{Path: path}, engine.Config{Function: goString(r.name)})
		if err != nil {
			return err
		}
		r.result = handles.put(p)
		return nil
	case opUnload, opFreeState, opDrop:
		if c, ok := handles.take(r.handle).(interface{ Close() error }); ok {
			return c.Close()
		}
		return nil
	case opPredict:
		return predict(r)
	case opTake:
		res, _ := handles.take(r.handle).(*result)
		for i := range r.count {
			if err := r.tensors[i].store(res.outputs[i], res.features[i].Pixels); err != nil {
				return err
			}
		}
		return nil
	case opNewState:
		p, err := find[engine.Program](r.handle)
		if err != nil {
			return err
		}
		st, err := p.NewState()
		if err != nil {
			return err
		}
		r.result = handles.put(st)
		return nil
	case opReadState, opWriteState:
		return access(r)
	}
	return fmt.Errorf("request %d is not known", r.op)
}

// access reads or writes a state's buffer.
func access(r *request) error {
	st, err := find[engine.State](r.handle)
	if err != nil {
		return err
	}
	if r.op == opWriteState {
		t, err := r.tensors[0].load()
		if err != nil {
			return err
		}
		return st.Write(goString(r.name), t)
	}
	t, err := st.Read(goString(r.name))
	if err != nil {
		return err
	}
	return r.tensors[0].store(t, engine.NoPixels)
}

// result is what a prediction left for opTake.
type result struct {
	outputs  []*tensor.Tensor
	features []engine.Feature
}

// predict runs the program and leaves the results for opTake. Inputs that are
// absent in the request are left to their defaults. Results are in the order of
// the description.
func predict(r *request) error {
	p, err := find[engine.Program](r.handle)
	if err != nil {
		return err
	}
	var st engine.State
	if r.state != 0 {
		if st, err = find[engine.State](r.state); err != nil {
			return err
		}
	}
	d := p.Description()
	byName := map[string]*array{}
	for i := range r.count {
		byName[goString(r.tensors[i].name)] = &r.tensors[i]
	}
	inputs := make([]*tensor.Tensor, len(d.Inputs))
	for i := range d.Inputs {
		f := &d.Inputs[i]
		if byName[f.Name] == nil {
			continue
		}
		if inputs[i], err = byName[f.Name].input(f); err != nil {
			return fmt.Errorf("input %s: %w", f.Name, err)
		}
	}
	outputs := make([]*tensor.Tensor, len(d.Outputs))
	if len(outputs) > maxFeatures {
		return fmt.Errorf("%d outputs are too many", len(outputs))
	}
	if err := p.Predict(context.Background(), inputs, outputs, st); err != nil {
		return err
	}
	for i, t := range outputs {
		if err := r.tensors[i].describe(t); err != nil {
			return fmt.Errorf("output %s: %w", d.Outputs[i].Name, err)
		}
	}
	r.count = int64(len(outputs))
	r.result = handles.put(&result{outputs, d.Outputs})
	return nil
}
