package milpb

// ImageFeatureType describes an image. Size flexibility is not kept: no engine
// here takes images, the size is only reported.
type ImageFeatureType struct {
	Width, Height int64
	// ColorSpace is 10 grayscale, 20 RGB, 30 BGR, 40 grayscale of float16.
	ColorSpace int32
}

func (*ImageFeatureType) name() string { return "ImageFeatureType" }

func (m *ImageFeatureType) set(_ *decoder, f field) (err error) {
	var v uint64
	switch f.num {
	case 1:
		v, err = f.varint()
		m.Width = int64(v)
	case 2:
		v, err = f.varint()
		m.Height = int64(v)
	case 3:
		v, err = f.varint()
		m.ColorSpace = int32(v)
	}
	return err
}

func (m *ImageFeatureType) append(b []byte) []byte {
	b = appendVarint(b, 1, uint64(m.Width))
	b = appendVarint(b, 2, uint64(m.Height))
	return appendVarint(b, 3, uint64(int64(m.ColorSpace)))
}

// DictionaryFeatureType describes a dictionary from its keys to doubles.
type DictionaryFeatureType struct {
	// Key is the sort of the keys, Int64Feature or StringFeature; 0 when the file
	// leaves it out.
	Key FeatureKind
}

func (*DictionaryFeatureType) name() string { return "DictionaryFeatureType" }

func (m *DictionaryFeatureType) set(_ *decoder, f field) (err error) {
	switch f.num {
	case 1:
		_, err = f.data()
		m.Key = Int64Feature
	case 2:
		_, err = f.data()
		m.Key = StringFeature
	}
	return err
}

func (m *DictionaryFeatureType) append(b []byte) []byte {
	switch m.Key {
	case Int64Feature:
		b = appendSub(b, 1, &empty{})
	case StringFeature:
		b = appendSub(b, 2, &empty{})
	}
	return b
}

// SequenceFeatureType describes a sequence.
type SequenceFeatureType struct {
	// Element is the sort of the elements, Int64Feature or StringFeature; 0 when
	// the file leaves it out.
	Element FeatureKind
	Size    *SizeRange
}

func (*SequenceFeatureType) name() string { return "SequenceFeatureType" }

func (m *SequenceFeatureType) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		_, err = f.data()
		m.Element = Int64Feature
	case 3:
		_, err = f.data()
		m.Element = StringFeature
	case 101:
		m.Size, err = sub(d, f, m.Size)
	}
	return err
}

func (m *SequenceFeatureType) append(b []byte) []byte {
	switch m.Element {
	case Int64Feature:
		b = appendSub(b, 1, &empty{})
	case StringFeature:
		b = appendSub(b, 3, &empty{})
	}
	return appendSub(b, 101, m.Size)
}
