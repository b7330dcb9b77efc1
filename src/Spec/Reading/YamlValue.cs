namespace Pipelines.Spec.Reading;

/// <summary>
/// A value of a YAML document with its place. Immutable: aliases share nodes, overrides build new ones.
/// </summary>
/// <param name="At">Where it begins.</param>
internal abstract record YamlValue(SourceMark At)
{
    /// <summary>How many values it holds, itself included, an alias counted as often as it is used.</summary>
    public abstract long Weight { get; }

    /// <summary>What it is, for messages.</summary>
    public abstract string Described { get; }
}

/// <summary>A scalar.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="Text">Its text.</param>
/// <param name="Quoted">In quotes or a block: a text, whatever it looks like.</param>
internal sealed record YamlText(SourceMark At, string Text, bool Quoted) : YamlValue(At)
{
    public override long Weight => 1;

    public override string Described => IsNull ? "nothing" : ErrorList.Quote(Text);

    /// <summary>No value at all.</summary>
    public bool IsNull => !Quoted && Text is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A sequence.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="Items">Its values.</param>
internal sealed record YamlList(SourceMark At, IReadOnlyList<YamlValue> Items) : YamlValue(At)
{
    public override long Weight { get; } = 1 + Items.Sum(i => i.Weight);

    public override string Described => "a list";
}

/// <summary>A mapping with text keys, each once.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="Entries">In file order.</param>
internal sealed record YamlMap(SourceMark At, IReadOnlyList<YamlEntry> Entries) : YamlValue(At)
{
    private readonly Dictionary<string, YamlEntry> byKey = Entries.ToDictionary(
        e => e.Key.Text,
        StringComparer.Ordinal
    );

    public override long Weight { get; } = 1 + Entries.Sum(e => e.Value.Weight);

    public override string Described => "a mapping";

    public YamlEntry? Find(string key) => byKey.GetValueOrDefault(key);

    /// <summary>
    /// The same mapping with <paramref name="key"/> set; with it removed where <paramref name="value"/> is null.
    /// </summary>
    public YamlMap With(YamlText key, YamlValue? value)
    {
        IEnumerable<YamlEntry> others = Entries.Where(e => e.Key.Text != key.Text);
        if (value is null)
        {
            return new YamlMap(At, [.. others]);
        }

        var entry = new YamlEntry(key, value);
        return new YamlMap(
            At,
            Find(key.Text) is null ? [.. Entries, entry] : [.. Entries.Select(e => e.Key.Text == key.Text ? entry : e)]
        );
    }
}

/// <summary>A key and its value.</summary>
internal sealed record YamlEntry(YamlText Key, YamlValue Value);
