package convert

import (
	"cmp"
	"math"

	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/storage"
)

// ropeOf reads how positions turn queries and keys, in both spellings: rope_theta and
// rope_scaling, or rope_parameters with both in it. Base and part are the defaults of the
// architecture: the base of the frequencies, and the part of a head that is turned.
func (d *decoder) ropeOf(base, part float64) *modelgen.Rotary {
	c := d.config
	scaling := d.ropeScaling()
	for _, name := range []string{"rope_theta", "partial_rotary_factor"} {
		d.oneValue(scaling, name)
	}
	return d.rotary(scaling, c.number(d.field("rope_theta"), base), c.number("partial_rotary_factor", part))
}

// oneValue refuses a number that the object of scaling and the configuration around it
// both have, and that is not the same: programs differ in which of them counts.
func (d *decoder) oneValue(scaling *config, name string) {
	outer := d.field(name)
	if scaling == nil || !scaling.has(name) || !d.config.has(outer) {
		return
	}
	if own, other := scaling.number(name, 0), d.config.number(outer, 0); own != other {
		scaling.fail(name, unsupported("it is %v, and %s beside it is %v: only one of them can count", own, storage.Quote(outer), other))
	}
}

// ropeType reads the name of a way of stretching positions, for which there are an old
// and a new field.
func ropeType(scaling *config, missing string) string {
	kind, old := scaling.text("rope_type", ""), scaling.text("type", "")
	if kind != "" && old != "" && kind != old && !(kind == "longrope" && old == "su") {
		scaling.fail("rope_type", unsupported("it is %s, and type is %s: only one of them can count", storage.Quote(kind), storage.Quote(old)))
	}
	return cmp.Or(kind, old, missing)
}

// ropeScaling is the object that says how positions are stretched, nil where there is none.
func (d *decoder) ropeScaling() *config {
	scaling := d.config.object("rope_scaling")
	if p := d.config.object("rope_parameters"); p != nil {
		d.oneSpelling()
		scaling = p
	}
	return scaling
}

// oneSpelling refuses a configuration in which both spellings say something: programs
// differ in which of them counts.
func (d *decoder) oneSpelling() {
	if d.config.has("rope_scaling") && !isOff(d.config.fields["rope_scaling"]) {
		d.config.fail("rope_scaling", unsupported("rope_parameters is there too, and only one of them can count"))
	}
}

// rotary makes the rotation that an object of scaling describes; nil is none.
func (d *decoder) rotary(scaling *config, base, part float64) *modelgen.Rotary {
	kind := "default"
	if scaling != nil {
		base = scaling.number("rope_theta", base)
		part = scaling.number("partial_rotary_factor", part)
		kind = ropeType(scaling, kind)
	}
	if !(base > 1) || !(base < 1e30) {
		d.config.fail(d.field("rope_theta"), malformed("%v is not the base of frequencies", base))
		base = 1e4
	}
	if !(part > 0) || part > 1 {
		d.config.fail(d.partField(), malformed("%v is not a part of a head", part))
		part = 1
	}
	if part != 1 && !d.arch.partial {
		d.config.fail(d.partField(), unsupported("it is %v, and this architecture turns all of a head", part))
	}
	dims := int(float64(d.layer.Attention.HeadDim) * part)
	if dims%2 != 0 && part < 1 {
		d.config.fail(d.partField(), unsupported("it turns %d elements of a head, which is odd", dims))
	}
	dims = dims / 2 * 2
	r := &modelgen.Rotary{Frequencies: modelgen.Powers(base, dims)}
	make := ropeTypes[kind]
	if make == nil {
		scaling.fail("rope_type", unsupported("the rope type %s is not supported", storage.Quote(kind)))
		return r
	}
	if scaling != nil {
		make(d, scaling, r, base)
		if *scaling.err == nil {
			*scaling.err = scaling.leftover(d.ignored)
		}
	}
	return r
}

// partField is the field that says which part of a head is turned.
func (d *decoder) partField() string {
	const usual = "partial_rotary_factor"
	if name := d.field(usual); name != noField && d.config.has(name) {
		return name
	}
	return usual
}

// ropeTypes are the ways of stretching positions, by their names.
var ropeTypes = map[string]func(d *decoder, c *config, r *modelgen.Rotary, base float64){
	"default":  func(*decoder, *config, *modelgen.Rotary, float64) {},
	"linear":   ropeLinear,
	"dynamic":  ropeDynamic,
	"llama3":   ropeLlama3,
	"yarn":     ropeYarn,
	"longrope": ropeLong,
	"su":       ropeLong, // its first name
}

// factorOf reads the factor by which a scaling stretches positions.
func factorOf(c *config, missing float64) float64 {
	f := c.number("factor", missing)
	if !(f > 0) || f > 1e6 {
		c.fail("factor", malformed("%v is not a factor of positions", f))
		return 1
	}
	return f
}

func ropeLinear(_ *decoder, c *config, r *modelgen.Rotary, _ float64) {
	f := factorOf(c, 0)
	for i := range r.Frequencies {
		r.Frequencies[i] /= f
	}
}

// ropeDynamic changes nothing up to the length that the model was trained for, beyond
// which a package does not go.
func ropeDynamic(d *decoder, c *config, _ *modelgen.Rotary, _ float64) {
	factorOf(c, 0)
	d.limit(d.original(c), "dynamic rotary scaling changes all positions of longer texts")
}

// original is the length that positions were trained for.
func (d *decoder) original(c *config) int {
	const name = "original_max_position_embeddings"
	n := c.count(name, d.maxPositions)
	if n = d.config.count(name, n); n < 1 {
		c.fail(name, malformed("%d is not a number of positions", n))
		return 1
	}
	return n
}

// ropeLlama3 divides the frequencies of long waves by the factor, leaves those of short
// ones, and mixes both in between.
func ropeLlama3(d *decoder, c *config, r *modelgen.Rotary, _ float64) {
	factor, low, high := factorOf(c, 0), c.number("low_freq_factor", 0), c.number("high_freq_factor", 0)
	original := float64(d.original(c))
	if !(low > 0) || !(high > low) {
		c.fail("low_freq_factor", malformed("factors of frequencies from %v to %v", low, high))
		return
	}
	for i, f := range r.Frequencies {
		wave := 2 * math.Pi / f
		switch {
		case wave > original/low:
			r.Frequencies[i] = f / factor
		case wave >= original/high:
			smooth := (original/wave - low) / (high - low)
			r.Frequencies[i] = (1-smooth)*f/factor + smooth*f
		}
	}
}

// ropeYarn mixes stretched and plain frequencies along a ramp (YaRN, arXiv 2309.00071).
func ropeYarn(d *decoder, c *config, r *modelgen.Rotary, base float64) {
	original := float64(d.original(c))
	factor := factorOf(c, float64(d.maxPositions)/original)
	attention := func(by float64) float64 {
		if factor <= 1 {
			return 1
		}
		return 0.1*by*math.Log(factor) + 1
	}
	r.Scale = attention(1)
	if m, all := c.number("mscale", 0), c.number("mscale_all_dim", 0); m != 0 && all != 0 {
		r.Scale = attention(m) / attention(all)
	}
	r.Scale = c.number("attention_factor", r.Scale)
	fast, slow := c.number("beta_fast", 0), c.number("beta_slow", 0)
	if fast == 0 {
		fast = 32
	}
	if slow == 0 {
		slow = 1
	}
	dims := float64(r.Dims())
	at := func(rotations float64) float64 {
		return dims * math.Log(original/(rotations*2*math.Pi)) / (2 * math.Log(base))
	}
	low, high := at(fast), at(slow)
	if c.flag("truncate", true) {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = max(low, 0), min(high, dims-1)
	if low == high {
		high += 0.001
	}
	for i, f := range r.Frequencies {
		ramp := min(max((float64(i)-low)/(high-low), 0), 1)
		r.Frequencies[i] = f/factor*ramp + f*(1-ramp)
	}
}

// ropeLong divides each frequency by a factor of its own, of one list for texts up to the
// original length and another beyond it.
func ropeLong(d *decoder, c *config, r *modelgen.Rotary, _ float64) {
	original := d.original(c)
	short, long := c.numbers("short_factor"), c.numbers("long_factor")
	n := len(r.Frequencies)
	if len(short) != n || len(long) != n {
		c.fail("short_factor", malformed("%d short and %d long factors for %d frequencies", len(short), len(long), n))
		return
	}
	stretch := factorOf(c, float64(d.maxPositions)/float64(max(original, 1)))
	r.Scale = 1
	if stretch > 1 {
		r.Scale = math.Sqrt(1 + math.Log(stretch)/math.Log(float64(original)))
	}
	r.Scale = c.number("attention_factor", r.Scale)
	plain := r.Frequencies
	r.Frequencies, r.Long = make([]float64, n), make([]float64, n)
	for i, f := range plain {
		if !(short[i] > 0) || !(long[i] > 0) {
			c.fail("short_factor", malformed("a factor is not above 0"))
			return
		}
		r.Frequencies[i], r.Long[i] = f/short[i], f/long[i]
	}
	r.LongAfter = original
}
