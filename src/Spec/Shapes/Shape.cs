using System.Reflection;

namespace Pipelines.Spec.Shapes;

/// <summary>
/// What a value of a spec looks like. Read once from the records; the reader, the writer, the schema and the table of
/// settings all walk it.
/// </summary>
internal abstract record Shape
{
    private Shape() { }

    /// <summary>A shape in a few words, for messages ("a whole number").</summary>
    public abstract string Wanted { get; }

    /// <summary>true or false.</summary>
    public sealed record Flag : Shape
    {
        public override string Wanted => "true or false";
    }

    /// <summary>An int.</summary>
    public sealed record Whole : Shape
    {
        public override string Wanted => "a whole number";
    }

    /// <summary>A finite double.</summary>
    public sealed record Number : Shape
    {
        public override string Wanted => "a number";
    }

    /// <summary>A string.</summary>
    public sealed record Text : Shape
    {
        public override string Wanted => "a text";
    }

    /// <summary>A <see cref="SpecPath"/>.</summary>
    public sealed record Path : Shape
    {
        public override string Wanted => "a path";
    }

    /// <summary>A member of an enum, by its spelling.</summary>
    public sealed record Choice(IReadOnlyDictionary<string, Enum> Values) : Shape
    {
        public override string Wanted => "one of " + string.Join(", ", Values.Keys);
    }

    /// <summary>A list of values of one shape.</summary>
    public sealed record List(Shape Item, Type ItemType) : Shape
    {
        public override string Wanted => "a list";
    }

    /// <summary>Free keys to values of one shape.</summary>
    public sealed record Map(Shape Item, Type ItemType) : Shape
    {
        public override string Wanted => "a mapping";
    }

    /// <summary>A record with fixed keys.</summary>
    public sealed record Fields(Type Type, IReadOnlyList<Field> All) : Shape
    {
        public override string Wanted => "a mapping with the keys " + string.Join(", ", All.Select(f => f.Name));
    }

    /// <summary>A closed set of records, chosen by the value of a key.</summary>
    /// <param name="Key">The choosing key.</param>
    /// <param name="Members">By their names.</param>
    /// <param name="ByValue">The member whose one field is written in place of a name, or null.</param>
    public sealed record Family(string Key, IReadOnlyDictionary<string, Fields> Members, Fields? ByValue = null) : Shape
    {
        public override string Wanted => $"a mapping with the key '{Key}' ({string.Join(", ", Members.Keys)})";

        /// <summary>All members.</summary>
        public IEnumerable<Fields> All => ByValue is null ? Members.Values : Members.Values.Prepend(ByValue);

        public Fields Of(object record) => IsByValue(record) ? ByValue! : Members[Spelling.Of(record.GetType())];

        public bool IsByValue(object record) => record.GetType() == ByValue?.Type;

        /// <summary>What the choosing key says for a member: its name, or its value.</summary>
        public object Said(object record) =>
            IsByValue(record) ? ByValue!.All[0].Property.GetValue(record)! : Spelling.Of(record.GetType());
    }

    /// <summary>
    /// A closed set of records, chosen by the key that stands in the mapping; one member is written as its value alone.
    /// </summary>
    /// <param name="Word">What the plain value looks like.</param>
    /// <param name="WordType">The member written so: its one field holds the value.</param>
    /// <param name="Members">The others, by the key that chooses them, which is a field of theirs.</param>
    public sealed record Keyed(Choice Word, Fields WordType, IReadOnlyDictionary<string, Fields> Members) : Shape
    {
        public override string Wanted =>
            $"{Word.Wanted}, or a mapping with the key {string.Join(" or ", Members.Keys)}";

        /// <summary>The members that are mappings, as they are written: <c>{ run: NAME }</c>.</summary>
        public IEnumerable<string> Mappings =>
            from member in Members
            let chosen = member.Value.All.First(f => f.Name == member.Key)
            select $"{{ {member.Key}: {(chosen.Shape is Path ? "PATH" : "NAME")} }}";

        /// <summary>The plain value of a member that is written so; null for the others.</summary>
        public object? ValueOf(object record) =>
            record.GetType() == WordType.Type ? WordType.All[0].Property.GetValue(record) : null;

        /// <summary>Keys and values of a member that is written as a mapping, those that are absent left out.</summary>
        public IEnumerable<(string Key, object Value)> Entries(object record) =>
            from field in Members.Values.First(m => m.Type == record.GetType()).All
            let value = field.Property.GetValue(record)
            where value is not null
            select (field.Name, value);
    }

    /// <summary>Stages by name.</summary>
    public sealed record Stages(Family Specs) : Shape
    {
        public override string Wanted =>
            "a mapping from a stage's name to what it does, for example 'masks: { stage: sample-masks }'";
    }
}

/// <summary>A field of a record.</summary>
/// <param name="Name">Its key; for an inline family the key that chooses.</param>
/// <param name="Property">Where the value is stored.</param>
/// <param name="Shape">What the value looks like.</param>
/// <param name="Required">It has no default.</param>
/// <param name="Inline">The keys of its family stand beside those of the record.</param>
/// <param name="Default">The value where the file says nothing; null where required or absent by default.</param>
/// <param name="Note">Meaning, unit and source: the field's XML doc.</param>
internal sealed record Field(
    string Name,
    PropertyInfo Property,
    Shape Shape,
    bool Required,
    bool Inline,
    object? Default,
    string Note
)
{
    /// <summary>Bounds of a number.</summary>
    public BetweenAttribute? Bounds { get; } = Property.GetCustomAttribute<BetweenAttribute>();

    /// <summary>Form of a text.</summary>
    public FormAttribute? Form { get; } = Property.GetCustomAttribute<FormAttribute>();

    /// <summary>A list of which one entry may stand alone.</summary>
    public bool OneOrMore { get; } = Property.IsDefined(typeof(OneOrMoreAttribute));
}
