package op

import "github.com/gocoreml/coreml/internal/kernel"

// A step that multiplies by a constant matrix can be taken apart: Begin does all that
// comes before the product, Finish all that comes behind it. Between the two whoever
// holds several predictions of one plan makes the product of all of them, which reads
// the weights once. What a step multiplies is the same either way.

// heldProduct is a product that waits to be made.
type heldProduct struct {
	wanted bool // the step that runs is to leave its product to the caller
	waits  bool // it has
	bias   []float32
}

// hold keeps the product that e.product describes for Finish, where Begin asks for it.
func (e *Env) hold(bias []float32) bool {
	if e.held.wanted {
		e.held.waits, e.held.bias = true, bias
	}
	return e.held.wanted
}

// Begin is Eval for a step that multiplies by a constant matrix, up to the product:
// that is what it returns. The results are there once the product is made and Finish
// has run. It returns nil for a step that needed no product, which is then complete.
// A step that was begun may be begun or evaluated again instead.
func Begin(c *Call) (*kernel.MatMulTask, error) {
	held := &c.Env.held
	*held = heldProduct{wanted: true}
	defer func() { held.wanted = false }() // whatever is thrown
	c.rounded = false
	if err := c.Step.Def.Eval(c); err != nil {
		return nil, AsValue(err)
	}
	if held.waits {
		return &c.Env.product, nil
	}
	if !c.Step.Def.Exact {
		c.round()
	}
	return nil, nil
}

// Finish completes a step whose product was made.
func Finish(c *Call) {
	c.Env.Poll() // the product of a prediction that has ended may be unfinished
	t, bias := &c.Env.product, c.Env.held.bias
	c.Env.held = heldProduct{}
	switch {
	case c.Step.Def == FusedGatedProducts:
		c.gatePair()
	case t.Parts != nil:
		c.productsMultiplied()
	default:
		c.multiplied(t.Dst[:t.N*t.Ldd], t.Ldd, bias)
	}
	if !c.Step.Def.Exact {
		c.round()
	}
}

// Product returns the product that a step waits for, as Begin did.
func (e *Env) Product() *kernel.MatMulTask { return &e.product }

// Abandon forgets a product that nobody is going to make.
func (e *Env) Abandon() { e.held, e.product.Parts = heldProduct{}, nil }
