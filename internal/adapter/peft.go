package adapter

import (
	"math"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// peftPrefix stands before the names of the model's modules.
const peftPrefix = "base_model.model."

// part is what of a module a tensor holds.
type part int

const (
	partA part = iota
	partB
	partEmbeddingA
	partEmbeddingB
	partWeight
	partBias
	partBase
)

// partNames are the middles of the names of factors. Behind them stands .weight, or
// nothing for embeddings; older files have the adapter's own name between.
var partNames = []struct {
	name string
	part part
}{
	{".lora_A", partA}, {".lora_B", partB}, {".lora_embedding_A", partEmbeddingA}, {".lora_embedding_B", partEmbeddingB},
}

// split takes the name of a tensor apart.
func split(tensorName string) (module string, p part, ok bool) {
	rest := strings.TrimPrefix(tensorName, peftPrefix)
	for _, f := range partNames {
		at := strings.LastIndex(rest, f.name)
		if at < 0 {
			continue
		}
		end := rest[at+len(f.name):]
		embedding := f.part == partEmbeddingA || f.part == partEmbeddingB
		if end == ".weight" || end == ".default.weight" || embedding && (end == "" || end == ".default") {
			return rest[:at], f.part, true
		}
	}
	if module, ok := strings.CutSuffix(rest, ".base_layer.weight"); ok {
		return module, partBase, true
	}
	if module, ok := strings.CutSuffix(rest, ".base_layer.bias"); ok {
		return module, partBias, true
	}
	if strings.Contains(rest, ".lora_") || strings.Contains(rest, ".base_layer.") {
		return "", 0, false // magnitudes, biases and other inventions
	}
	rest = strings.Replace(rest, ".modules_to_save.default.", ".", 1)
	rest = strings.Replace(rest, ".modules_to_save.", ".", 1)
	if module, ok := strings.CutSuffix(rest, ".weight"); ok {
		return module, partWeight, true
	}
	if module, ok := strings.CutSuffix(rest, ".bias"); ok {
		return module, partBias, true
	}
	return "", 0, false
}

// modules makes modules of a file's tensors. What it holds says more reliably than
// target_modules which modules are adapted, and a module's rank is that of its A.
func (c *peft) modules(f *safetensors.File) ([]Module, error) {
	found := map[string]*Module{}
	for i := range f.Entries {
		e := &f.Entries[i]
		module, p, ok := split(e.Name)
		if !ok || module == "" {
			return nil, bad("tensor %s is no part of LoRA that is applied", name(e.Name))
		}
		m := found[module]
		if m == nil {
			m = &Module{Name: module}
			found[module] = m
		}
		if err := m.add(e, p); err != nil {
			return nil, err
		}
	}
	out := make([]Module, 0, len(found))
	for _, m := range found {
		if err := c.finish(m, f); err != nil {
			return nil, err
		}
		out = append(out, *m)
	}
	if len(out) == 0 {
		return nil, bad("%s adapts nothing", peftWeights)
	}
	return out, nil
}

// add notes a tensor of a module.
func (m *Module) add(e *safetensors.Entry, p part) error {
	if e.Type() == tensor.Invalid || !floating(e.Type()) {
		return bad("tensor %s: element type %s, want a floating-point one", name(e.Name), name(e.DType))
	}
	place := map[part]*string{
		partA: &m.a, partB: &m.b, partEmbeddingA: &m.a, partEmbeddingB: &m.b, partWeight: &m.weight, partBias: &m.bias, partBase: &m.base,
	}[p]
	if *place != "" {
		return bad("tensors %s and %s are the same part of a module", name(*place), name(e.Name))
	}
	*place = e.Name
	switch p {
	case partWeight:
		m.Weight = slices.Clone(e.Shape)
	case partBias:
		m.Bias = slices.Clone(e.Shape)
	case partEmbeddingA, partEmbeddingB:
		m.Embedding = true
	}
	return nil
}

// floating reports whether a type is of numbers that factors are stored as.
func floating(t tensor.DType) bool {
	return t == tensor.Float16 || t == tensor.Float32 || t == tensor.Float64
}

// finish checks a module whose tensors are all known.
func (c *peft) finish(m *Module, f *safetensors.File) error {
	if m.a == "" && m.b == "" {
		if m.base != "" {
			return bad("tensor %s is there without factors", name(m.base))
		}
		return c.checkSaved(m)
	}
	if m.weight != "" || m.bias != "" && !c.biases {
		return bad("module %s has both low-rank factors and a weight or bias of its own", name(m.Name))
	}
	if err := m.measure(f); err != nil {
		return err
	}
	if err := m.checkBase(f); err != nil {
		return err
	}
	if m.Bias != nil && !slices.Equal(m.Bias, []int{m.Out}) {
		return bad("module %s has a bias of shape %v, and %d outputs", name(m.Name), m.Bias, m.Out)
	}
	if want := first(c.ranks, m.Name, c.rank); want != m.Rank {
		return bad("module %s has rank %d where %s says %d", name(m.Name), m.Rank, configName, want)
	}
	if c.targets != nil && !c.targets(m.Name) {
		return bad("%s has factors for module %s, which target_modules does not name", peftWeights, name(m.Name))
	}
	m.Scale = c.scale(m.Name, m.Rank)
	if math.IsNaN(m.Scale) || math.IsInf(m.Scale, 0) {
		return bad("module %s: the scale is %v", name(m.Name), m.Scale)
	}
	return nil
}

// checkBase checks the model's own weight, which PEFT saves beside the factors of an
// embedding or a head. It is what the model has, and not used, unless the vocabulary was
// resized.
func (m *Module) checkBase(f *safetensors.File) error {
	if m.base == "" {
		return nil
	}
	want := []int{m.Out, m.In}
	if m.Embedding {
		want = []int{m.In, m.Out}
	}
	if shape := f.Entry(m.base).Shape; !slices.Equal(shape, want) {
		return bad("tensor %s is of shape %v, and the factors are for %v: adapters of a resized vocabulary are not applied", name(m.base), shape, want)
	}
	return nil
}

// checkSaved checks a module that replaces the model's own, or its bias.
func (c *peft) checkSaved(m *Module) error {
	named := slices.ContainsFunc(c.toSave, func(entry string) bool { return strings.HasSuffix(m.Name, entry) })
	switch {
	case m.Weight == nil && c.biases:
		if len(m.Bias) != 1 || m.Bias[0] < 1 {
			return bad("module %s has a bias of shape %v", name(m.Name), m.Bias)
		}
		return nil
	case !named:
		return bad("the weights of module %s are stored whole, and modules_to_save does not name it", name(m.Name))
	case len(m.Weight) != 2:
		return bad("modules_to_save: module %s has a weight of shape %v: only linear layers and embeddings are replaced", name(m.Name), m.Weight)
	}
	return m.turnSaved()
}

// turnSaved finds out whether a saved matrix is stored as [inputs, outputs], as those of
// GPT-2's Conv1D are, by its bias: that has a number for each output.
func (m *Module) turnSaved() error {
	if m.Bias == nil {
		return nil
	}
	rows, cols := m.Weight[0], m.Weight[1]
	last := m.Name[strings.LastIndexByte(m.Name, '.')+1:]
	switch {
	case rows == cols && strings.HasPrefix(last, "c_"):
		return bad("modules_to_save: the weight of module %s is square, and whether it is stored turned, as those of Conv1D are, is not known", name(m.Name))
	case slices.Equal(m.Bias, []int{rows}):
	case slices.Equal(m.Bias, []int{cols}):
		m.Weight, m.turnedWeight = []int{cols, rows}, true
	default:
		return bad("modules_to_save: module %s has a bias of shape %v beside a weight of shape %v", name(m.Name), m.Bias, m.Weight)
	}
	return nil
}

// maxRank bounds the rank of a module: more is no low-rank adapter, and products of the
// sizes below stay small.
const maxRank = 1 << 16

// measure reads the sizes of a module from the shapes of its factors.
func (m *Module) measure(f *safetensors.File) error {
	if m.a == "" || m.b == "" {
		return bad("module %s has one of its two factors only", name(m.Name))
	}
	a, b := f.Entry(m.a).Shape, f.Entry(m.b).Shape
	if len(a) != 2 || len(b) != 2 {
		return bad("module %s has factors of shapes %v and %v: only linear layers are adapted", name(m.Name), a, b)
	}
	if m.turned {
		a, b = []int{a[1], a[0]}, []int{b[1], b[0]}
	}
	m.Rank, m.In, m.Out = a[0], a[1], b[0]
	if b[1] != m.Rank || m.Rank < 1 || m.Rank > maxRank || m.In < 1 || m.Out < 1 {
		return bad("module %s has factors that do not fit each other: A is %v and B %v", name(m.Name), a, b)
	}
	return nil
}
