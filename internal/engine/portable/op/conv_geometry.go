package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// maxSpatial bounds the spatial dimensions: Core ML has convolutions of one, two and
// three.
const maxSpatial = 3

// convGeometry is a convolution's sizes: x is [batch, in, spatial...], the weight
// [out, in/groups, kernel...] and the result [batch, out, result...]. Output channel o
// sees the in/groups input channels of its group, of which each has out/groups of them.
// A depthwise convolution is the case of as many groups as channels.
type convGeometry struct {
	spatial                              int
	batch, in, out, groups               int
	size, kernel, stride, dilation, left [maxSpatial]int // of each spatial dimension
	result                               [maxSpatial]int
}

// pointwise reports whether the convolution is a linear over channels.
func (g *convGeometry) pointwise() bool {
	if g.groups != 1 {
		return false
	}
	for d := range g.spatial {
		if g.kernel[d] != 1 || g.stride[d] != 1 || g.left[d] != 0 || g.result[d] != g.size[d] {
			return false
		}
	}
	return true
}

// image reports whether places have more than one dimension. The pointwise convolutions
// of language models have tokens in one, whose number must not change the order of sums.
func (g *convGeometry) image() bool {
	several := 0
	for d := range g.spatial {
		if g.size[d] > 1 {
			several++
		}
	}
	return several > 1
}

// convGeometry reads the operands and checks them.
func (c *Call) convGeometry() (*convGeometry, error) {
	g := &localOf[convLocal](c).geo
	x, w := c.In(0), c.In(1)
	if x.Rank < 3 || x.Rank > 2+maxSpatial || w.Rank != x.Rank {
		return nil, fmt.Errorf("x of shape %v does not fit weight of shape %v", x.Shape(), w.Shape())
	}
	groups, err := c.intIn(7, 1)
	if err != nil {
		return nil, err
	}
	*g = convGeometry{spatial: x.Rank - 2, batch: x.Dims[0], in: x.Dims[1], out: w.Dims[0], groups: groups}
	if groups < 1 || g.in%groups != 0 || g.out%groups != 0 || w.Dims[1] != g.in/groups {
		return nil, fmt.Errorf("x of shape %v and weight of shape %v in %d groups", x.Shape(), w.Shape(), groups)
	}
	if b := c.In(2); b != nil && b.Len() != g.out {
		return nil, fmt.Errorf("bias of %d for %d channels", b.Len(), g.out)
	}
	strides, dilations, pad := c.intsIn(3), c.intsIn(6), c.intsIn(5)
	for d := range g.spatial {
		g.size[d], g.kernel[d] = x.Dims[2+d], w.Dims[2+d]
		g.stride[d], g.dilation[d] = pick(strides, d, 1), pick(dilations, d, 1)
		if g.stride[d] < 1 || g.dilation[d] < 1 || g.kernel[d] < 1 {
			return nil, fmt.Errorf("stride %d, dilation %d, kernel %d", g.stride[d], g.dilation[d], g.kernel[d])
		}
	}
	return g, c.convPadding(g, pad)
}

// convPadding sets the padding on the left and the size of the result.
func (c *Call) convPadding(g *convGeometry, pad []int32) error {
	kind, err := c.textIn(4, "valid")
	if err != nil {
		return err
	}
	for d := range g.spatial {
		span := (g.kernel[d]-1)*g.dilation[d] + 1 // what the dilated kernel covers
		left, right := 0, 0
		switch kind {
		case "valid":
		case "custom":
			left, right = pick(pad, 2*d, 0), pick(pad, 2*d+1, 0)
		case "same", "same_lower":
			left, right = samePadding(g.size[d], g.stride[d], span, kind == "same_lower")
		default:
			return fmt.Errorf("pad_type %q", kind)
		}
		if left < 0 || right < 0 || left > array.MaxElements || right > array.MaxElements {
			return fmt.Errorf("padding of %d and %d", left, right)
		}
		g.left[d] = left
		n := g.size[d] + left + right - span
		if n < 0 {
			return fmt.Errorf("kernel of %d is larger than the padded input of %d", span, g.size[d]+left+right)
		}
		g.result[d] = n/g.stride[d] + 1
	}
	return nil
}

// samePadding is the padding with which a kernel that covers span elements gives a
// result for every stride begun. An odd element is at the end, as in TensorFlow, or with
// lower at the beginning.
func samePadding(size, stride, span int, lower bool) (left, right int) {
	out := (size + stride - 1) / stride
	total := max((out-1)*stride+span-size, 0)
	if left = total / 2; lower {
		left = total - left
	}
	return left, total - left
}

// slide returns the geometry in three dimensions.
func (g *convGeometry) slide() (s slide) {
	s.axis = [maxSpatial]slideAxis{oneOf, oneOf, oneOf}
	for d := range g.spatial {
		s.axis[maxSpatial-g.spatial+d] = slideAxis{
			size: g.size[d], taps: g.kernel[d], step: g.stride[d], base: -g.left[d], apart: g.dilation[d], places: g.result[d],
		}
	}
	return s
}

// pick returns element k of a list that a program may leave out, or def.
func pick(v []int32, k, def int) int {
	if k < len(v) {
		return int(v[k])
	}
	return def
}

// convShape gives the result its batch, channels and spatial sizes.
func convShape(c *Call) error {
	g, err := c.convGeometry()
	if err != nil {
		return err
	}
	var dims [array.MaxRank]int
	dims[0], dims[1] = g.batch, g.out
	copy(dims[2:], g.result[:g.spatial])
	return c.out(0).SetShape(dims[:2+g.spatial]...)
}
