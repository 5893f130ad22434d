package convert

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/modelgen"
)

// key tells the weights of a model apart.
type key struct {
	role  modelgen.Role
	layer int
	bias  bool
}

func keyOf(w modelgen.Weight) key { return key{w.Role, w.Layer, w.Bias} }

// buffers are tensors that hold no weights in any model: tables that old versions saved.
var buffers = []string{"rotary_emb.inv_freq"}

// resolve lists the weights that a model's graph asks for and finds their tensors. It
// refuses a checkpoint that lacks one, has one of another shape, or one that nothing asks
// for.
func (d *decoder) resolve(c *checkpoint.Checkpoint, form *modelgen.Form) ([]modelgen.Weight, map[key]*view, error) {
	weights, err := d.Weights(form)
	if err != nil {
		return nil, nil, err
	}
	d.withoutPrefix(c)
	if err := d.settleHead(c); err != nil {
		return nil, nil, err
	}
	views, used, lengths := map[key]*view{}, map[string]bool{}, map[key]int{}
	for _, w := range weights {
		lengths[keyOf(w)] = w.Rows
	}
	for _, w := range weights {
		v, err := d.view(c, w, lengths)
		if err != nil {
			return nil, nil, err
		}
		views[keyOf(w)] = v
		for _, name := range v.names {
			used[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Tensors)) {
		if !used[name] && name != d.spareHead && !d.ignores(name) {
			return nil, nil, d.tensorError(name, unsupported("nothing in this architecture uses it"))
		}
	}
	return weights, views, nil
}

func (d *decoder) tensorError(name string, err error) error {
	return &Error{ModelType: d.config.modelType, Tensor: name, Err: err}
}

// view finds the tensors of a weight.
func (d *decoder) view(c *checkpoint.Checkpoint, w modelgen.Weight, lengths map[key]int) (*view, error) {
	f, ok := d.tensors[w.Role]
	if !ok {
		return nil, d.tensorError(w.Name, fmt.Errorf("the architecture does not say where it lies"))
	}
	if f.fused != nil {
		f.rows = f.fusedRows(w, lengths)
	}
	if w.Bias {
		f.plus = 0
	}
	v := &view{ref: f, names: f.names(f.module, w), rows: w.Rows, cols: w.Cols}
	for _, other := range f.others() {
		if names := other.names(other.module, w); c.Tensors[v.names[0]] == nil && c.Tensors[names[0]] != nil {
			v.ref, v.names = other, names
		}
	}
	for _, name := range v.names {
		t := c.Tensors[name]
		if t == nil {
			return nil, d.tensorError(name, malformed("it is missing from the checkpoint"))
		}
		if want := v.stored(); !slices.Equal(t.Shape(), want) {
			return nil, d.tensorError(name, malformed("its shape is %v, and %v was expected", t.Shape(), want))
		}
		if v.stack > 0 {
			if t = checkpoint.Flat(t); t == nil {
				return nil, d.tensorError(name, unsupported("it is quantised in a form that is read of matrices only"))
			}
		}
		v.parts = append(v.parts, t)
	}
	return v, nil
}

// others are the places where a weight may lie besides the usual one.
func (f ref) others() []ref {
	list := f.or
	if f.also != "" {
		second := f
		second.module, second.also, second.or = f.also, "", nil
		list = append([]ref{second}, list...)
	}
	return list
}

// ignores reports whether a tensor holds no weights.
func (d *decoder) ignores(name string) bool {
	for _, list := range [][]string{buffers, d.arch.ignore} {
		for _, end := range list {
			if strings.HasSuffix(name, end) || strings.HasSuffix(end, ".") && strings.HasPrefix(name, end) {
				return true
			}
		}
	}
	return false
}

// withoutPrefix takes the first part off the names of all modules where the checkpoint
// was saved without a head: its names then begin within the body.
func (d *decoder) withoutPrefix(c *checkpoint.Checkpoint) {
	f := d.tensors[modelgen.Embedding]
	prefix, rest, ok := strings.Cut(f.module, ".")
	if !ok || c.Tensors[f.module+".weight"] != nil || c.Tensors[rest+".weight"] == nil {
		return
	}
	for role, f := range d.tensors {
		f.module, f.also = strings.TrimPrefix(f.module, prefix+"."), strings.TrimPrefix(f.also, prefix+".")
		f.or = slices.Clone(f.or)
		for i := range f.or {
			f.or[i].module = strings.TrimPrefix(f.or[i].module, prefix+".")
		}
		d.tensors[role] = f
	}
}

// settleHead looks whether what config.json says of the head is what the tensors say.
// A tied head may be stored all the same, for a reader that does not tie it.
func (d *decoder) settleHead(c *checkpoint.Checkpoint) error {
	f := d.tensors[modelgen.Head]
	head := f.module + ".weight"
	if other := f.also + ".weight"; c.Tensors[head] == nil && c.Tensors[other] != nil {
		head = other
	}
	stored := c.Tensors[head]
	switch {
	case !d.Tied && stored == nil:
		return d.tensorError(head, malformed("it is missing from the checkpoint, and tie_word_embeddings says that the head does not share the embedding's weights"))
	case d.Tied && stored != nil && c.Tensors[d.tensors[modelgen.Embedding].module+".weight"] == nil:
		// Of two names for the same weights a writer of safetensors keeps one.
		d.tensors[modelgen.Embedding] = ref{module: strings.TrimSuffix(head, ".weight")}
	case d.Tied && stored != nil:
		d.spareHead = head
	}
	return nil
}
