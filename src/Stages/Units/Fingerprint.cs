using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Pipelines.Stages.Units;

/// <summary>
/// The only place that makes keys: SHA-256 over typed, length-framed fields (stage kind, version, parts; inputs enter
/// by their own keys).
/// </summary>
public static class Fingerprint
{
    /// <summary>
    /// Compiled well at the first call: of a run that has nothing to do, keys are most of the work, and it has ended
    /// before the runtime gets round to what it finds called often.
    /// </summary>
    internal const MethodImplOptions AtOnce = MethodImplOptions.AggressiveOptimization;

    private const byte KindTag = 1,
        VersionTag = 2,
        TextTag = 3,
        IntegerTag = 4,
        NumberTag = 5,
        DigestTag = 6,
        InputsTag = 7;

    /// <summary>Key of a unit, hexadecimal.</summary>
    public static string Of(Unit unit) => unit.Key;

    /// <summary>Hash of some parts, hexadecimal: what is shared in memory goes by it.</summary>
    internal static string Of(IReadOnlyList<KeyPart> parts)
    {
        using var fields = new Fields();
        foreach (KeyPart part in parts)
        {
            Append(fields, part);
        }

        return fields.Hash();
    }

    /// <summary>Hash of one part alone, hexadecimal: tells which part of a key changed.</summary>
    public static string Of(KeyPart part) => Of([part]);

    /// <summary>Computes the key of a unit.</summary>
    /// <exception cref="ArgumentException">Two parts have one name.</exception>
    [MethodImpl(AtOnce)]
    internal static string Compute(Unit unit)
    {
        IReadOnlyList<KeyPart> parts = unit.Parts;
        RequireOwnNames(unit, parts);
        using var fields = new Fields();
        fields.Begin(KindTag, 1);
        fields.Add(unit.Kind);
        fields.Begin(VersionTag, 1);
        fields.Add(unit.Version);
        foreach (KeyPart part in parts)
        {
            Append(fields, part);
        }

        return fields.Hash();
    }

    /// <summary>A unit has some twenty parts: to compare each with each is quicker than a set.</summary>
    [MethodImpl(AtOnce)]
    private static void RequireOwnNames(Unit unit, IReadOnlyList<KeyPart> parts)
    {
        for (int i = 1; i < parts.Count; i++)
        {
            string name = parts[i].Name;
            for (int j = 0; j < i; j++)
            {
                if (parts[j].Name == name)
                {
                    throw new ArgumentException($"{unit} has two key parts of the name {name}.", nameof(unit));
                }
            }
        }
    }

    [MethodImpl(AtOnce)]
    private static void Append(Fields fields, KeyPart part)
    {
        switch (part)
        {
            case KeyPart.Text text:
                fields.Begin(TextTag, text.Name);
                fields.Add(text.Value);
                break;
            case KeyPart.Settings settings:
                fields.Begin(TextTag, settings.Name);
                fields.Add(settings.Written);
                break;
            case KeyPart.Integer integer:
                fields.Begin(IntegerTag, integer.Name);
                fields.Add(integer.Value);
                break;
            case KeyPart.Number number:
                fields.Begin(NumberTag, number.Name);
                fields.Add(BitConverter.DoubleToInt64Bits(number.Value));
                break;
            case KeyPart.Digest digest:
                fields.Begin(DigestTag, digest.Name);
                fields.AddHexadecimal(digest.Sha256);
                break;
            case KeyPart.Inputs inputs:
                fields.Begin(InputsTag, inputs.Name, inputs.Units.Count);
                foreach (Unit unit in inputs.Units)
                {
                    fields.AddHexadecimal(Of(unit));
                }

                break;
            default:
                throw new InvalidOperationException($"No field for {part.GetType().Name}.");
        }
    }

    /// <summary>
    /// Fields one behind the other: tag, count of values, and each value behind its length. They are hashed in one go:
    /// a run may have 100,000 units, and a call for each value would take longer than the hash.
    /// </summary>
    private sealed class Fields : IDisposable
    {
        private byte[] buffer = ArrayPool<byte>.Shared.Rent(4096);
        private int length;

        /// <summary>Begins a field.</summary>
        /// <param name="tag">Its type.</param>
        /// <param name="values">Values that are added next.</param>
        public void Begin(byte tag, int values)
        {
            Next(1)[0] = tag;
            Write(values);
        }

        /// <summary>Begins the field of a part: its name is the first value.</summary>
        /// <inheritdoc cref="Begin(byte, int)"/>
        public void Begin(byte tag, string name, int values = 1)
        {
            Begin(tag, values + 1);
            Add(name);
        }

        public void Add(string text)
        {
            Write(Encoding.UTF8.GetByteCount(text));
            Encoding.UTF8.GetBytes(text, Next(Encoding.UTF8.GetByteCount(text)));
        }

        public void Add(long number)
        {
            Write(sizeof(long));
            Write(number);
        }

        public void AddHexadecimal(string digits)
        {
            Write(digits.Length / 2);
            if (Convert.FromHexString(digits, Next(digits.Length / 2), out _, out _) != OperationStatus.Done)
            {
                throw new FormatException($"'{digits}' are no hexadecimal digits, two a byte.");
            }
        }

        public string Hash() => Convert.ToHexStringLower(SHA256.HashData(buffer.AsSpan(0, length)));

        public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);

        private void Write(long number) => BinaryPrimitives.WriteInt64LittleEndian(Next(sizeof(long)), number);

        /// <summary>The next bytes.</summary>
        [MethodImpl(AtOnce)]
        private Span<byte> Next(int count)
        {
            if (length + count > buffer.Length)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * buffer.Length, length + count));
                buffer.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }

            length += count;
            return buffer.AsSpan(length - count, count);
        }
    }
}
