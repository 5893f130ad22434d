package model

// ParseScore is parseScore, for tests.
var ParseScore = parseScore

// Read finds a model section and reads it.
func Read(raw []byte, alphabet bool) (m Model, isRaw bool, err error) {
	return Find(raw).Read(nil, alphabet)
}
