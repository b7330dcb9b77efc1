using System.Globalization;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Units;

/// <summary>
/// One thing that the bytes of a unit depend on. A closed set: the key of a unit is made from these and nothing else.
/// </summary>
/// <param name="Name">Name of the part, unique in a unit.</param>
public abstract record KeyPart(string Name)
{
    /// <summary>The value as people read it in a manifest.</summary>
    public abstract string Shown { get; }

    /// <summary>A text.</summary>
    public sealed record Text(string Name, string Value) : KeyPart(Name)
    {
        /// <inheritdoc/>
        public override string Shown => Value;
    }

    /// <summary>Settings, by their record's text: the key is that of the text, people see words.</summary>
    public sealed record Settings(string Name, object Value) : KeyPart(Name)
    {
        /// <summary>The record's text.</summary>
        public string Written { get; } = Value.ToString()!;

        /// <inheritdoc/>
        public override string Shown => SettingsText.Of(Written);
    }

    /// <summary>A whole number.</summary>
    public sealed record Integer(string Name, long Value) : KeyPart(Name)
    {
        /// <inheritdoc/>
        public override string Shown => Value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A real number; its bits count.</summary>
    public sealed record Number(string Name, double Value) : KeyPart(Name)
    {
        /// <inheritdoc/>
        public override string Shown => Value.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>The digest of files that are read.</summary>
    /// <param name="Name">Name of the part.</param>
    /// <param name="Of">What the files are, for people: a file name, "24 pictures".</param>
    /// <param name="Sha256">Hexadecimal.</param>
    public sealed record Digest(string Name, string Of, string Sha256) : KeyPart(Name)
    {
        /// <summary>
        /// Paths of the files that the unit reads and that the digest, or what it says, comes from; no part of the key.
        /// They are looked at again before the unit's result is stored.
        /// </summary>
        public IReadOnlyList<string> Files { get; init; } = [];

        /// <inheritdoc/>
        public override string Shown => $"{Of} ({Sha256[..Math.Min(16, Sha256.Length)]})";

        /// <summary><see cref="Of"/> is the name of a file that is read, not a count of several.</summary>
        public bool IsOneFile => Files.Any(f => f.EndsWith("/" + Of, StringComparison.Ordinal) || f == Of);

        /// <summary>What the files were, from what was <see cref="Shown"/> of them.</summary>
        public static string OfShown(string shown) =>
            shown.LastIndexOf(" (", StringComparison.Ordinal) is > 0 and var end ? shown[..end] : shown;
    }

    /// <summary>The results of other units, in order.</summary>
    public sealed record Inputs(string Name, IReadOnlyList<Unit> Units) : KeyPart(Name)
    {
        /// <inheritdoc/>
        public override string Shown =>
            Units.Count == 1
                ? $"{Units[0].Kind} {Units[0].Name}"
                : $"{Units.Count} units of {(Units.Count == 0 ? "no stage" : Units[0].Kind)}";
    }
}
