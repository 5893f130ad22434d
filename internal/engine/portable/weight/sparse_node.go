package weight

// sparseNode is zero where the mask is, else the next stored value.
type sparseNode struct {
	values node
	mask   *bitmask
}

// read puts the stored values in the places of the mask, up to 256 at a time:
// so many fit on the stack, and each call of a node costs something. The values
// are read in order, from the number of ones before start on.
func (n *sparseNode) read(dst []float32, start int) {
	clear(dst)
	first := n.mask.rank(start)
	var buf [256]float32
	p := n.mask.next(start)
	for p < start+len(dst) {
		k := 0
		var at [256]int
		for p < start+len(dst) && k < len(buf) {
			at[k] = p
			k++
			p = n.mask.next(p + 1)
		}
		n.values.read(buf[:k], first)
		first += k
		for j := range k {
			dst[at[j]-start] = buf[j]
		}
	}
}

// maskNode is the mask result of the sparse operators; the operators that
// consume it look for the bitmask itself.
type maskNode struct{ mask *bitmask }

// read gives the bits as numbers.
func (n maskNode) read(dst []float32, start int) {
	clear(dst)
	for p := n.mask.next(start); p < start+len(dst); p = n.mask.next(p + 1) {
		dst[p-start] = 1
	}
}
