package plan

// MaxFolded is maxFolded.
const MaxFolded = maxFolded

// SmallConst is smallConst.
const SmallConst = smallConst

// Buffer returns the physical buffer of a slot.
func (p *Plan) Buffer(slot int32) int32 { return p.Slots[slot].buffer }

// LowerMaxWidened bounds the widened constants for a test.
func LowerMaxWidened(n int) (restore func()) {
	old := MaxWidened
	MaxWidened = n
	return func() { MaxWidened = old }
}
