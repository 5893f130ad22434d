package grammar

// Plan returns tokens that lead to an end, at most n; nil where it is not certain that so
// few can. They spell one of the shortest endings, of which another one may take more.
func (m *Matcher) Plan(n int) []int {
	if !m.CanEndWithin(n) {
		return nil
	}
	text, ok := m.state.Ending(maxEnding)
	if !ok {
		return nil
	}
	var plan []int
	for first := m.first; text != "" && len(plan) < n; first = false {
		id, size := m.v.tokens(first).longestToken(text)
		if size == 0 {
			return nil
		}
		plan, text = append(plan, id), text[size:]
	}
	if text != "" {
		return nil
	}
	return plan
}
