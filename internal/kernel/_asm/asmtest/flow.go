package asmtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Rules are what all functions of an architecture have to keep.
type Rules struct {
	Machine Machine

	// Entry are the registers that have a value when a function is called.
	Entry []string

	// Reserved are those that it may not write.
	Reserved []string

	// Sets are the instruction sets that the function's name promises.
	Sets func(name string) []string
}

// Check returns what is wrong with a function, in the order of its lines.
func (r Rules) Check(fn *Function) []string {
	c := &checker{Rules: r, fn: fn, labels: map[string]int{}}
	if !c.effects() || !c.structure() {
		return c.found
	}
	c.arguments()
	c.registers()
	c.definitions()
	c.uppers()
	slices.Sort(c.found)
	return slices.Compact(c.found)
}

// checker reads one function.
type checker struct {
	Rules
	fn     *Function
	effect []Effect
	labels map[string]int // the line that a label is before
	next   [][]int        // the lines that may come after one
	found  []string
}

func (c *checker) say(line int, format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf("%s: %v: %s", c.fn.Name, c.fn.Lines[line], fmt.Sprintf(format, args...)))
}

// effects asks the machine for all lines.
func (c *checker) effects() bool {
	if len(c.fn.Lines) == 0 {
		c.found = append(c.found, c.fn.Name+": there is no instruction")
		return false
	}
	for i, l := range c.fn.Lines {
		e, err := c.Machine(l)
		if err != nil {
			c.say(i, "%v", err)
		}
		c.effect = append(c.effect, e)
	}
	return len(c.found) == 0
}

// structure follows the jumps: each has its label in the function, every line is
// reached, and none goes on behind the end.
func (c *checker) structure() bool {
	for i, l := range c.fn.Lines {
		for _, label := range l.Labels {
			if _, twice := c.labels[label]; twice {
				c.say(i, "label %s is there twice", label)
			}
			c.labels[label] = i
		}
	}
	for _, label := range c.fn.End {
		c.say(len(c.fn.Lines)-1, "label %s is behind the end", label)
	}
	for i, e := range c.effect {
		var next []int
		if !e.Ends {
			next = append(next, i+1)
			if i+1 == len(c.effect) {
				c.say(i, "goes on behind the end")
			}
		}
		if e.Jump != "" {
			if to, ok := c.labels[e.Jump]; ok {
				next = append(next, to)
			} else {
				c.say(i, "there is no label %s", e.Jump)
			}
		}
		c.next = append(c.next, next)
	}
	if len(c.found) > 0 {
		return false
	}
	c.reached()
	return len(c.found) == 0
}

func (c *checker) reached() {
	seen := make([]bool, len(c.next))
	todo := []int{0}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[i] {
			seen[i] = true
			todo = append(todo, c.next[i]...)
		}
	}
	for i, ok := range seen {
		if !ok {
			c.say(i, "is never reached")
		}
	}
}

// arguments compares named memory with the declaration, the frame and the sizes of
// the constants.
func (c *checker) arguments() {
	if end := c.fn.argsEnd(); c.fn.Args != end {
		c.say(0, "the arguments take %d bytes, and the function says %d", end, c.fn.Args)
	}
	for i, e := range c.effect {
		for _, a := range e.Memory {
			switch a.Of {
			case Argument:
				c.argument(i, a)
			case Local:
				if a.Offset < -c.fn.Frame || a.Offset+a.Size > 0 {
					c.say(i, "%d bytes at %d leave the frame of %d", a.Size, a.Offset, c.fn.Frame)
				}
			case Constant:
				size, ok := c.fn.file.Data[a.Name]
				if !ok || a.Offset < 0 || a.Offset+a.Size > size {
					c.say(i, "%d bytes at %d leave the constant %s, which has %d", a.Size, a.Offset, a.Name, size)
				}
				if a.Store {
					c.say(i, "stores into a constant")
				}
			}
		}
	}
}

func (c *checker) argument(line int, a Access) {
	for _, p := range c.fn.Params {
		switch {
		case p.Name != a.Name:
		case p.Offset != a.Offset:
			c.say(line, "%s is at %d", p.Name, p.Offset)
			return
		// The lower half of an integer may be taken alone.
		case a.Size > p.Size || a.Size < p.Size && (p.Pointer || a.Store):
			c.say(line, "takes %d bytes of %s, which has %d", a.Size, p.Name, p.Size)
			return
		case a.Store != (p.Name == "ret"):
			if a.Store {
				c.say(line, "the parameter %s is stored", p.Name)
			} else {
				c.say(line, "the result is read")
			}
			return
		default:
			return
		}
	}
	c.say(line, "there is no parameter %s", a.Name)
}

// argsEnd is where the arguments end.
func (fn *Function) argsEnd() int {
	if len(fn.Params) == 0 {
		return 0
	}
	last := fn.Params[len(fn.Params)-1]
	return last.Offset + last.Size
}

// registers looks for reserved registers and for instructions that the name does
// not promise.
func (c *checker) registers() {
	sets := c.Sets(c.fn.Name)
	for i, e := range c.effect {
		for _, r := range e.Writes {
			if slices.Contains(c.Reserved, r) {
				c.say(i, "%s is reserved", r)
			}
		}
		if e.Set != "" && !slices.Contains(sets, e.Set) {
			c.say(i, "needs %s, and the name promises %s", e.Set, strings.Join(sets, ", "))
		}
	}
}

// definitions follows the registers that surely have a value, and the result as
// one more of them, through all ways to each line.
func (c *checker) definitions() {
	const result = "the result"
	state := make([]map[string]bool, len(c.effect))
	entry := map[string]bool{}
	for _, r := range c.Entry {
		entry[r] = true
	}
	state[0] = entry
	for todo := []int{0}; len(todo) > 0; {
		i := todo[0]
		todo = todo[1:]
		after := maps.Clone(state[i])
		for _, r := range c.effect[i].Writes {
			after[r] = true
		}
		addLane(after, c.effect[i].Lane)
		for _, a := range c.effect[i].Memory {
			if a.Of == Argument && a.Store {
				after[result] = true
			}
		}
		for _, n := range c.next[i] {
			if state[n] == nil {
				state[n] = maps.Clone(after)
				todo = append(todo, n)
				continue
			}
			before := len(state[n])
			maps.DeleteFunc(state[n], func(r string, _ bool) bool { return !after[r] })
			if len(state[n]) < before {
				todo = append(todo, n)
			}
		}
	}
	hasResult := len(c.fn.Params) > 0 && c.fn.Params[len(c.fn.Params)-1].Name == "ret"
	for i, e := range c.effect {
		for _, r := range e.Reads {
			if !state[i][r] {
				c.say(i, "%s may have no value", r)
			}
		}
		if e.Returns && hasResult && !state[i][result] {
			c.say(i, "the result may have no value")
		}
	}
}

// addLane notes a part of a register that has a value, and the register with the
// last of them.
func addLane(state map[string]bool, lane string) {
	register, rest, ok := strings.Cut(lane, ".")
	if !ok {
		return
	}
	state[lane] = true
	_, parts, _ := strings.Cut(rest, "/")
	for i := range number(parts) {
		if !state[fmt.Sprintf("%s.%d/%s", register, i, parts)] {
			return
		}
	}
	state[register] = true
}

// uppers follows upper halves of vector registers that are in use to each return.
func (c *checker) uppers() {
	dirty := make([]bool, len(c.effect))
	for changed := true; changed; {
		changed = false
		for i, e := range c.effect {
			after := (dirty[i] || e.Dirties) && !e.Cleans
			for _, n := range c.next[i] {
				if after && !dirty[n] {
					dirty[n], changed = true, true
				}
			}
		}
	}
	for i, e := range c.effect {
		if e.Returns && dirty[i] {
			c.say(i, "returns with upper halves in use")
		}
	}
}
