using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Pipelines.Stages.Data;

/// <summary>
/// A shuffle in which each picture's place follows from itself: pictures are sorted by the first 64 bits (big-endian)
/// of SHA-256(domain, purpose, seed, sample id), ties by id. Adding or removing pictures, or another single-object
/// rule, never reorders the rest.
/// </summary>
internal static class SeedOrder
{
    private const string Domain = "pipelines/seed-order/1";

    /// <summary>The items in seed order.</summary>
    /// <param name="items">Items with unique sample ids, in any order.</param>
    /// <param name="seed">The experiment's seed.</param>
    /// <param name="purpose">Orders of different purposes are independent.</param>
    public static IReadOnlyList<DataItem> Of(IEnumerable<DataItem> items, int seed, string purpose) =>
        [.. items.OrderBy(i => Place(seed, purpose, i.SampleId)).ThenBy(i => i.SampleId, StringComparer.Ordinal)];

    private static ulong Place(int seed, string purpose, string sampleId)
    {
        // Every text is framed by its length, so that no two field lists give the same bytes.
        using var framed = new MemoryStream();
        using var writer = new BinaryWriter(framed, Encoding.UTF8);
        writer.Write(Domain);
        writer.Write(purpose);
        writer.Write(seed);
        writer.Write(sampleId);
        writer.Flush();
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(framed.GetBuffer().AsSpan(0, (int)framed.Length), digest);
        return BinaryPrimitives.ReadUInt64BigEndian(digest);
    }
}
