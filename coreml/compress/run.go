package compress

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/quantize"
	"github.com/gocoreml/coreml/internal/quantize/declare"
	"github.com/gocoreml/coreml/internal/storage"
)

// run is one call of Compress. memo has the weights that are stored already, by where
// they came from and what was done with them.
type run struct {
	ctx    context.Context //nolint:containedctx // lives for one call
	cfg    *Config
	steps  []step
	w      *modelpkg.Writer
	memo   map[string]*kept
	report *Report
	total  int64
	done   int64
}

// kept is a weight whose planes lie in the weight file.
type kept struct {
	e      *quantize.Encoded
	planes []mil.Const // in the order in which they are declared
	weight Weight
}

// program exchanges the weights of all functions. Constants lie in mapped files, which
// can be shortened while they are read.
func (r *run) program(p *mil.Program) (err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	for _, f := range p.Functions {
		if f.Opset == "CoreML5" && r.changes() {
			f.Opset = "CoreML6" // the first that knows compressed weights
		}
		each(f.Body, func(op *mil.Op) {
			for _, v := range op.Outputs {
				if n, ok := dtype.Count(v.Type.Shape); ok && candidate(v) {
					r.total += int64(n)
				}
			}
		})
	}
	for _, f := range p.Functions {
		if err := r.function(f); err != nil {
			return fmt.Errorf("function %s: %w", mil.Quote(f.Name), err)
		}
	}
	return nil
}

// changes reports whether a step makes compressed weights.
func (r *run) changes() bool {
	return slices.ContainsFunc(r.steps, func(s step) bool { return !s.decompress })
}

// candidate reports whether a value may be a weight.
func candidate(v *mil.Value) bool {
	if t := v.Type; t.Kind != mil.Tensor || t.DType != dtype.Float16 && t.DType != dtype.Float32 {
		return false
	}
	return v.Const != nil || declare.IsConstexpr(v.Producer)
}

// function exchanges the weights of one function.
func (r *run) function(f *mil.Function) error {
	s := survey(f)
	b := mil.NewBuilder(f.Name, f.Opset)
	each(f.Body, func(op *mil.Op) {
		b.Reserve(op.Name)
		for _, v := range op.Outputs {
			if v.Name != op.Name {
				b.Reserve(v.Name)
			}
		}
	})
	for _, v := range f.Inputs {
		b.Reserve(v.Name)
	}
	swapped := map[*mil.Value]*mil.Value{}
	if err := r.block(s, b, f.Body, swapped); err != nil {
		return err
	}
	each(f.Body, func(op *mil.Op) {
		if declare.IsConstexpr(op) {
			return
		}
		for _, a := range op.Inputs {
			for i, v := range a.Values {
				if w := swapped[v]; w != nil {
					a.Values[i] = w
				}
			}
		}
	})
	substituteOutputs(f.Body, swapped)
	sweep(f.Body)
	return nil
}

// substituteOutputs exchanges the results of blocks.
func substituteOutputs(b *mil.Block, swapped map[*mil.Value]*mil.Value) {
	for i, v := range b.Outputs {
		if w := swapped[v]; w != nil {
			b.Outputs[i] = w
		}
	}
	for _, op := range b.Ops {
		for _, inner := range op.Blocks {
			substituteOutputs(inner, swapped)
		}
	}
}

// block adds the new weights of a block behind the old ones, which nobody will use.
func (r *run) block(s *function, b *mil.Builder, block *mil.Block, swapped map[*mil.Value]*mil.Value) error {
	var ops []*mil.Op
	for _, op := range block.Ops {
		ops = append(ops, op)
		for _, v := range op.Outputs {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			if uses := s.uses[v]; len(uses) > 0 && candidate(v) {
				w, err := r.weight(s, b, v, uses)
				if err != nil {
					return fmt.Errorf("weight %s: %w", mil.Quote(v.Name), err)
				}
				if w != nil {
					swapped[v] = w
				}
				added, err := b.Take()
				if err != nil {
					return err
				}
				ops = append(ops, added...)
			}
		}
		for _, inner := range op.Blocks {
			if err := r.block(s, b, inner, swapped); err != nil {
				return err
			}
		}
	}
	block.Ops = ops
	return nil
}

// sweep removes the constants and constexpr operations that nobody uses any more.
func sweep(body *mil.Block) {
	for {
		used := map[*mil.Value]bool{}
		var mark func(b *mil.Block)
		mark = func(b *mil.Block) {
			for _, v := range b.Outputs {
				used[v] = true
			}
			for _, op := range b.Ops {
				for _, a := range op.Inputs {
					for _, v := range a.Values {
						used[v] = true
					}
				}
				for _, inner := range op.Blocks {
					mark(inner)
				}
			}
		}
		mark(body)
		removed := false
		var clean func(b *mil.Block)
		clean = func(b *mil.Block) {
			b.Ops = slices.DeleteFunc(b.Ops, func(op *mil.Op) bool {
				dead := (op.Type == "const" || declare.IsConstexpr(op)) &&
					!slices.ContainsFunc(op.Outputs, func(v *mil.Value) bool { return used[v] })
				removed = removed || dead
				return dead
			})
			for _, op := range b.Ops {
				for _, inner := range op.Blocks {
					clean(inner)
				}
			}
		}
		clean(body)
		if !removed {
			return
		}
	}
}

// chosen is a setting with its step.
type chosen struct {
	set    *setting
	byName bool
	dense  bool
}

// choose returns what the steps have for a weight.
func (r *run) choose(v *mil.Value, uses []use) (list []chosen, err error) {
	for i := range r.steps {
		s := &r.steps[i]
		if s.decompress {
			list = append(list, chosen{dense: true})
			continue
		}
		set, byName, err := s.settingFor(v, uses)
		if err != nil {
			return nil, err
		}
		if set != nil && !set.form.IsNone() {
			list = append(list, chosen{set: set, byName: byName})
		}
	}
	return list, nil
}

// weight compresses one weight and declares it. It returns nil when nothing changes.
func (r *run) weight(s *function, b *mil.Builder, v *mil.Value, uses []use) (*mil.Value, error) {
	n, ok := dtype.Count(v.Type.Shape)
	if !ok {
		return nil, nil
	}
	defer func() { // whatever becomes of it
		r.done += int64(n)
		if r.cfg.Progress != nil {
			r.cfg.Progress(Progress{Done: min(r.done, r.total), Total: r.total, Weight: v.Name})
		}
	}()
	list, err := r.choose(v, uses)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	e, err := declare.Read(v)
	if err != nil {
		// A weight that is made in a way of its own stays as it is.
		r.add(Weight{Function: s.Name, Name: v.Name, Shape: v.Type.Shape, Skipped: err.Error()})
		return nil, nil
	}
	site := &site{run: r, v: v, uses: uses, e: e, opset: s.Opset}
	site.out, site.in, site.sure = axes(v, uses)
	key := sourceKey(v) + site.key(list, s.Opset)
	k := r.memo[key]
	if k == nil {
		if k, err = site.compress(list); err != nil {
			return nil, err
		}
		k.weight.Name = v.Name
		r.memo[key] = k
		r.report.Before += k.weight.Before
		r.report.After += k.weight.After
	} else {
		k.weight.Shared = true
	}
	k.weight.Function = s.Name
	r.add(k.weight)
	if len(k.weight.Form) == 0 {
		return nil, nil
	}
	return r.declare(b, s.Opset, v.Name, k)
}

// add adds a weight to the report, if there is something to say of it.
func (r *run) add(w Weight) {
	if len(w.Form) > 0 || w.Skipped != "" {
		r.report.Weights = append(r.report.Weights, w)
	}
}

// declare stores the planes of a weight, unless they are, and declares its operators.
func (r *run) declare(b *mil.Builder, opset, name string, k *kept) (*mil.Value, error) {
	first, at := k.planes == nil, 0
	put := func(name string, t dtype.Type, shape []int, data []byte) (*mil.Value, error) {
		if first {
			c := mil.Const{DType: t, Shape: shape}
			// Small constants are written in place.
			if n, _ := dtype.Count(shape); n < 10 {
				c.Data = data
			} else {
				offset, err := r.w.AddBlob(t, n, data)
				if err != nil {
					return nil, err
				}
				c.Blob, c.Offset = modelpkg.WeightFileName, offset
			}
			k.planes = append(k.planes, c)
		}
		c := k.planes[at]
		at++
		if c.Blob == "" {
			return b.Const(name, t, shape, c.Data), nil
		}
		return b.Stored(name, t, shape, c.Blob, c.Offset), nil
	}
	write := declare.Weight
	if !modern(opset) {
		write = declare.Legacy
	}
	v, err := write(b, put, name, k.e)
	for _, p := range k.e.Planes() {
		p.Data = nil // it lies in the file
	}
	return v, err
}

// modern reports whether an operator set is that of iOS18 or a later one.
func modern(opset string) bool {
	n, ok := strings.CutPrefix(opset, "CoreML")
	return ok && (len(n) > 1 || n >= "8")
}

// sourceKey says where a weight comes from: the memory of its constants.
func sourceKey(v *mil.Value) string {
	var b strings.Builder
	var add func(v *mil.Value)
	add = func(v *mil.Value) {
		if c := v.Const; c != nil {
			if c.Blob != "" {
				fmt.Fprintf(&b, "%s@%d", c.Blob, c.Offset)
			} else if len(c.Data) > 0 {
				fmt.Fprintf(&b, "%p+%d", &c.Data[0], len(c.Data))
			}
			fmt.Fprintf(&b, "%v%v;", c.DType, c.Shape)
			return
		}
		if v.Producer == nil {
			fmt.Fprintf(&b, "%p;", v)
			return
		}
		fmt.Fprintf(&b, "%s(", v.Producer.Type)
		for _, a := range v.Producer.Inputs {
			b.WriteString(a.Name + "=")
			for _, x := range a.Values {
				add(x)
			}
		}
		fmt.Fprintf(&b, ")%d", slices.Index(v.Producer.Outputs, v))
	}
	add(v)
	return b.String()
}
