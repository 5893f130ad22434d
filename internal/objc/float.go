//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"math"
	"sync"

	"github.com/ebitengine/purego"
)

// floatCalls holds the typed functions behind implementations that return or
// take a float64, one pair for each address: one on macOS, one for each
// implementation elsewhere.
var floatCalls sync.Map // uintptr -> *floatCall

// floatCall is an implementation in its two shapes with floats in them.
type floatCall struct {
	result func(ID, SEL) float64
	take   func(ID, SEL, float64) ID
}

// floats returns the typed functions of an implementation. Making them costs more
// than a send, so they are made once.
func floats(imp uintptr) *floatCall {
	if f, ok := floatCalls.Load(imp); ok {
		return f.(*floatCall)
	}
	f := new(floatCall)
	purego.RegisterFunc(&f.result, imp)
	purego.RegisterFunc(&f.take, imp)
	got, _ := floatCalls.LoadOrStore(imp, f)
	return got.(*floatCall)
}

// SendFloat64 sends a message that returns a double. A nil receiver, or a method
// that the system lacks, gives NaN.
func SendFloat64(recv ID, m *Method) float64 {
	if m.result != 'd' || m.args != 0 {
		panic("objc: " + m.String() + " sent for a double")
	}
	rt := current.Load()
	if rt == nil || recv == 0 || !m.Available() && !Responds(recv, m) {
		return math.NaN()
	}
	sel := m.register(rt)
	return floats(rt.imp(recv, sel)).result(recv, sel)
}

// SendWithFloat64 sends a message whose one argument is a double to the method's
// own class and returns the object; 0 if the system lacks the method.
func SendWithFloat64(m *Method, value float64) ID {
	if !m.meta || m.encoding != "@@:d" {
		panic("objc: " + m.String() + " sent with a double")
	}
	rt, recv := current.Load(), m.class.ID()
	if rt == nil || recv == 0 || !m.Available() {
		return 0
	}
	sel := m.register(rt)
	return floats(rt.imp(recv, sel)).take(recv, sel, value)
}
