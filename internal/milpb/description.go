package milpb

// DecodeDescription reads a ModelDescription that stands alone, as compiled models have
// it. The strings are copies. It is bounded as [DecodeModel] is, and an error is a
// [*FormatError].
func DecodeDescription(b []byte) (*ModelDescription, error) {
	m := new(ModelDescription)
	if err := newDecoder(len(b)).decode(b, m); err != nil {
		return nil, err
	}
	return m, nil
}

// Encode returns the description in wire format, the same bytes each time.
func (m *ModelDescription) Encode() []byte { return m.append(nil) }
