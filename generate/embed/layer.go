package embed

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"

	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// layerKind tells the layers behind a pooling apart.
type layerKind uint8

const (
	denseLayer layerKind = iota
	normLayer
	normalizeLayer
)

// layer is what a vector goes through behind the pooling.
type layer struct {
	kind       layerKind
	in, out    int       // of dense and layer norm
	weight     []float32 // [out, in] of dense, [in] of a layer norm
	bias       []float32 // [out], or nil
	activation func(float64) float64
	residual   bool      // what goes in is added to what comes out
	project    []float32 // [out, in], by which it goes where the sizes differ
}

// maxWidth bounds a side of a Dense layer: far above any vector in use.
const maxWidth = 1 << 16

// activations are the functions of torch.nn that a Dense layer may end with, by the
// names of their classes.
var activations = map[string]func(float64) float64{
	"Identity": func(x float64) float64 { return x },
	"Tanh":     math.Tanh,
	"ReLU":     func(x float64) float64 { return max(x, 0) },
	"Sigmoid":  sigmoid,
	"GELU":     func(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) },
	"SiLU":     func(x float64) float64 { return x * sigmoid(x) },
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// readLayer reads a Dense or LayerNorm module: its settings and its weights.
func readLayer(p place, kind, dir string) (layer, error) {
	name := path.Join(dir, configName)
	var f struct {
		In         *int    `json:"in_features"`
		Out        *int    `json:"out_features"`
		Dimension  *int    `json:"dimension"`
		Bias       *bool   `json:"bias"`
		Activation *string `json:"activation_function"`
		Input      *string `json:"module_input_name"`
		Output     *string `json:"module_output_name"`
		Residual   *bool   `json:"use_residual"`
	}
	found, err := p.readJSON(name, &f)
	switch {
	case err != nil:
		return layer{}, err
	case !found:
		return layer{}, fmt.Errorf("%s: %w", storage.Quote(name), fs.ErrNotExist)
	case !ofText(f.Input, f.Output):
		return layer{}, fileError(name, errNotOfText)
	}
	l := layer{kind: denseLayer, in: valueOr(f.In, 0), out: valueOr(f.Out, 0), activation: math.Tanh} // Tanh is the default there
	prefix := "linear."
	if kind == "LayerNorm" {
		l.kind, l.in, l.out, prefix = normLayer, valueOr(f.Dimension, 0), valueOr(f.Dimension, 0), "norm."
	} else if f.Activation != nil {
		ok := false
		if l.activation, ok = activations[lastPart(*f.Activation)]; !ok {
			return layer{}, fileError(name, fmt.Errorf("activation_function is %q, want one of %s", clip(*f.Activation), quotedList(sortedKeys(activations))))
		}
	}
	if l.in < 1 || l.in > maxWidth || l.out < 1 || l.out > maxWidth {
		return layer{}, fileError(name, fmt.Errorf("the sizes are %d and %d, want 1 to %d", l.in, l.out, maxWidth))
	}
	l.residual = l.kind == denseLayer && valueOr(f.Residual, false)
	weights := path.Join(dir, weightsName)
	return l, fileError(weights, l.readWeights(p, weights, prefix, l.kind == normLayer || valueOr(f.Bias, true)))
}

// readWeights reads the weights of a layer, whose sizes are known.
func (l *layer) readWeights(p place, name, prefix string, bias bool) error {
	f, err := safetensors.Open(p.fsys, path.Join(p.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		if _, older := fs.Stat(p.fsys, path.Join(p.dir, path.Dir(name), pickledWeights)); older == nil {
			return fmt.Errorf("is not there, and %s is a Python pickle, which is not read: save the model with sentence-transformers 2.3 or later", pickledWeights)
		}
	}
	if err != nil {
		return err
	}
	shape := []int{l.out, l.in}
	if l.kind == normLayer {
		shape = shape[:1]
	}
	l.weight, err = readFloats(f, prefix+"weight", shape...)
	if err == nil && bias {
		l.bias, err = readFloats(f, prefix+"bias", l.out)
	}
	if err == nil && l.residual && l.in != l.out {
		l.project, err = readFloats(f, "residual.weight", l.out, l.in)
	}
	return errors.Join(err, f.Close())
}

// readFloats reads a tensor of a shape. The shape is compared before anything is
// read, so that the file cannot say how much memory is taken.
func readFloats(f *safetensors.File, name string, shape ...int) ([]float32, error) {
	e := f.Entry(name)
	if e == nil {
		_, err := f.Tensor(name) // it says what there is
		return nil, err
	}
	if fmt.Sprint(e.Shape) != fmt.Sprint(shape) {
		return nil, fmt.Errorf("tensor %s has the shape %v, want %v", name, e.Shape, shape)
	}
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	return tensor.Values[float32](t.To(tensor.Float32))
}

// apply returns what becomes of a vector of the size in.
func (l *layer) apply(v []float32) []float32 {
	switch l.kind {
	case denseLayer:
		return l.dense(v)
	case normLayer:
		l.norm(v)
	case normalizeLayer:
		normalize(v)
	}
	return v
}

// dense returns the activation of weight times v plus bias, and what is added to it.
func (l *layer) dense(v []float32) []float32 {
	out := make([]float32, l.out)
	for i := range out {
		sum := Dot(l.weight[i*l.in:(i+1)*l.in], v)
		if l.bias != nil {
			sum += float64(l.bias[i])
		}
		sum = l.activation(sum)
		switch {
		case l.project != nil:
			sum += Dot(l.project[i*l.in:(i+1)*l.in], v)
		case l.residual:
			sum += float64(v[i])
		}
		out[i] = float32(sum)
	}
	return out
}

// norm is the layer norm of PyTorch with its default of epsilon.
func (l *layer) norm(v []float32) {
	const epsilon = 1e-5
	mean, square := 0.0, 0.0
	for _, x := range v {
		mean += float64(x) / float64(len(v))
	}
	for _, x := range v {
		square += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
	}
	scale := 1 / math.Sqrt(square+epsilon)
	for i, x := range v {
		v[i] = float32((float64(x)-mean)*scale*float64(l.weight[i]) + float64(l.bias[i]))
	}
}
