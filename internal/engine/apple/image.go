//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"errors"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// pixelFormats says how the pixels of an image lie in a pixel buffer. RGB and
// BGR share one: the order of colours is what the program sees, not how the
// buffer is stored.
var pixelFormats = map[engine.Pixels]uintptr{
	engine.RGB: formatBGRA, engine.BGR: formatBGRA, engine.Gray: formatGray, engine.GrayHalf: formatHalf,
}

// pixelSizes are the bytes of a pixel.
var pixelSizes = map[uintptr]int{formatBGRA: 4, formatGray: 1, formatHalf: 2}

// newPixels creates a pixel buffer that devices can share. It must be called
// inside a pool. An empty dictionary of IOSurface properties asks for memory
// that other devices can map. Without the key the buffer is plain memory.
// CoreVideo decides on the padding of rows.
func newPixels(wide, high int, format uintptr) (*objc.Object, error) {
	var attributes objc.ID
	if key := objc.CoreVideo.IOSurfacePropertiesKey.ID(); key != 0 {
		none, err := objc.Dictionary(nil, nil)
		if err != nil {
			return nil, err
		}
		if attributes, err = objc.Dictionary([]objc.ID{key}, []objc.ID{none}); err != nil {
			return nil, err
		}
	}
	status, buffer, err := objc.CallOut(objc.CoreVideo.Create, 0, uintptr(wide), uintptr(high), format, uintptr(attributes))
	switch {
	case err != nil:
		return nil, failed("create a pixel buffer", err)
	case status != 0 || buffer == 0:
		return nil, fmt.Errorf("create a pixel buffer of %d by %d: CoreVideo error %d", wide, high, status)
	}
	// Owned by the rule of Core Foundation: what Create made, the caller
	// releases.
	return objc.AdoptCF(buffer), nil
}

// withPixels lets use access the rows of a pixel buffer. The lock makes a
// buffer in a device's memory visible to the CPU and, unless the flags say read
// only, its changes visible to the device. mem is not valid after use has
// returned.
func withPixels(buffer objc.ID, flags uintptr, use func(mem []byte, stride, wide, high int, format uintptr) error) error {
	status, err := objc.Call(objc.CoreVideo.Lock, uintptr(buffer), flags)
	if err != nil {
		return failed("lock a pixel buffer", err)
	}
	if int32(status) != 0 {
		return fmt.Errorf("lock a pixel buffer: CoreVideo error %d", int32(status))
	}
	// In the order of checkPixels: address, bytes per row, width, height,
	// format.
	var facts [5]uintptr
	for k, f := range []*objc.Function{
		objc.CoreVideo.BaseAddress, objc.CoreVideo.BytesPerRow, objc.CoreVideo.Width, objc.CoreVideo.Height, objc.CoreVideo.PixelFormat,
	} {
		v, e := objc.Call(f, uintptr(buffer))
		facts[k], err = v, errors.Join(err, e)
	}
	if err == nil {
		err = checkPixels(facts)
	}
	if err == nil {
		stride, high := int(facts[1]), int(facts[3])
		err = use(objc.Bytes(facts[0], stride*high), stride, int(facts[2]), high, uintptr(uint32(facts[4])))
	}
	_, e := objc.Call(objc.CoreVideo.Unlock, uintptr(buffer), flags)
	return errors.Join(err, e)
}

// checkPixels says whether a pixel buffer is one whose rows can be walked. The
// product of rows and bytes is bounded before it is computed.
func checkPixels(f [5]uintptr) error {
	size, ok := pixelSizes[uintptr(uint32(f[4]))]
	switch {
	case f[0] == 0:
		return fmt.Errorf("%w: memory of a pixel buffer", ErrMissing)
	case !ok:
		return fmt.Errorf("a pixel buffer of format %#x", uint32(f[4]))
	case f[2] == 0, f[3] == 0, f[2] > math.MaxInt32, f[3] > math.MaxInt32, f[1] > tensor.MaxBytes/f[3], f[1] < f[2]*uintptr(size):
		return fmt.Errorf("a pixel buffer of %d by %d pixels with rows of %d bytes", f[2], f[3], f[1])
	}
	return nil
}

// fillPixels makes a pixel buffer of an image, which is an array [1, channels,
// height, width]. Values are taken as 0 to 255, as Core ML gives them to a
// program; scale and bias are part of the program. The caller closes the
// buffer.
func fillPixels(f *engine.Feature, t *tensor.Tensor) (*objc.Object, error) {
	format, ok := pixelFormats[f.Pixels]
	if !ok || t.Rank() != 4 || t.Dim(0) != 1 {
		return nil, fmt.Errorf("is no image: %w", tensor.ErrShape)
	}
	high, wide := t.Dim(2), t.Dim(3)
	buffer, err := newPixels(wide, high, format)
	if err != nil {
		return nil, err
	}
	err = withPixels(buffer.ID(), 0, func(mem []byte, stride, w, h int, got uintptr) error {
		if w != wide || h != high || got != format {
			return fmt.Errorf("a pixel buffer of %d by %d was made for an image of %d by %d", w, h, wide, high)
		}
		return toPixels(f, t, mem, stride)
	})
	if err != nil {
		buffer.Close()
		return nil, err
	}
	return buffer, nil
}

// toPixels writes an image's array into rows of pixels. BGRA lies in memory as
// blue, green, red, alpha; green is channel 1 in either order. Alpha is opaque
// and Core ML ignores it.
func toPixels(f *engine.Feature, t *tensor.Tensor, mem []byte, stride int) error {
	high, wide := t.Dim(2), t.Dim(3)
	if f.Pixels == engine.GrayHalf {
		raw, err := t.To(tensor.Float16).Bytes()
		if err != nil {
			return err
		}
		l := layout{shape: []int{high, wide}, strides: []int{stride / 2, 1}, size: 2}
		return l.put(mem, raw)
	}
	v, err := tensor.Data[float32](t)
	if err != nil {
		return err
	}
	plane := high * wide
	if f.Pixels == engine.Gray {
		for k := range plane {
			mem[k/wide*stride+k%wide] = eightBits(v[k])
		}
		return nil
	}
	red, blue := colours(f.Pixels)
	for k := range plane {
		p := mem[k/wide*stride+k%wide*4:][:4]
		p[0], p[1], p[2], p[3] = eightBits(v[blue*plane+k]), eightBits(v[plane+k]), eightBits(v[red*plane+k]), 0xff
	}
	return nil
}

// colours returns the channels of red and blue.
func colours(p engine.Pixels) (red, blue int) {
	if p == engine.BGR {
		return 2, 0
	}
	return 0, 2
}

// takePixels copies a pixel buffer into the array of an image. It must be
// called inside a pool, in which the buffer is borrowed.
func takePixels(buffer objc.ID, f *engine.Feature, to **tensor.Tensor) error {
	if buffer == 0 {
		return fmt.Errorf("%w: an image", ErrMissing)
	}
	return withPixels(buffer, objc.CVPixelBufferLockReadOnly, func(mem []byte, stride, wide, high int, format uintptr) error {
		if want := pixelFormats[f.Pixels]; format != want {
			return fmt.Errorf("pixels of format %#x, want %#x", format, want)
		}
		channels := 1
		if format == formatBGRA {
			channels = 3
		}
		if channels*wide > tensor.MaxBytes/4/high {
			return fmt.Errorf("an image of %d by %d: %w", wide, high, tensor.ErrShape)
		}
		out, err := fromPixels(f, mem, stride, wide, high)
		if err != nil {
			return err
		}
		if *to == nil {
			*to = out
			return nil
		}
		return out.CopyTo(*to)
	})
}

// fromPixels copies pixels into a tensor of [1, channels, height, width]. Rows of a pixel
// buffer are padded: stride is their distance in bytes.
func fromPixels(f *engine.Feature, mem []byte, stride, wide, high int) (*tensor.Tensor, error) {
	plane := wide * high
	switch f.Pixels {
	case engine.GrayHalf:
		out := tensor.New(tensor.Float16, 1, 1, high, wide)
		raw, err := out.Bytes()
		if err != nil {
			return nil, err
		}
		l := layout{shape: []int{high, wide}, strides: []int{stride / 2, 1}, size: 2}
		return out, l.take(raw, mem, 0)
	case engine.Gray:
		v := make([]float32, plane)
		for k := range v {
			v[k] = float32(mem[k/wide*stride+k%wide])
		}
		return tensor.Wrap(v, 1, 1, high, wide), nil
	default:
		v := make([]float32, 3*plane)
		red, blue := colours(f.Pixels)
		for k := range plane {
			p := mem[k/wide*stride+k%wide*4:][:4]
			v[blue*plane+k], v[plane+k], v[red*plane+k] = float32(p[0]), float32(p[1]), float32(p[2])
		}
		return tensor.Wrap(v, 1, 3, high, wide), nil
	}
}

// eightBits rounds to the nearest of 0 to 255. Ties go to even, NaN and what is
// negative to 0.
func eightBits(x float32) byte {
	if !(x > 0) {
		return 0
	}
	return byte(math.RoundToEven(float64(min(x, 255))))
}
