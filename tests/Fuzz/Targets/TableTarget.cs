using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Storage;

namespace Pipelines.Fuzz.Targets;

/// <summary>A table's Parquet file.</summary>
/// <typeparam name="TRow">A row.</typeparam>
/// <param name="table">The table.</param>
/// <param name="read">How else it is read: streamed by columns; null where it is only read as rows.</param>
internal sealed class TableTarget<TRow>(Table<TRow> table, Action<string>? read = null)
    : FileTarget($"table-{table.Name}", "parquet", "table.parquet", new ParquetMutator())
    where TRow : class
{
    private const int BytesOfRow = 200;

    public override int Fixed => 200;

    protected override IReadOnlyList<byte[]> MakeSeeds() => [.. new[] { 40, 1, 0 }.Select(Bytes)];

    protected override long? ReadFile(string path)
    {
        IReadOnlyList<TRow> rows = table.Read(path);
        if (rows.Count > 0)
        {
            read?.Invoke(path); // parts have at least one row
        }

        return BytesOfRow * (long)rows.Count;
    }

    private byte[] Bytes(int rows)
    {
        string path = Path.Combine(Folder, "seed.parquet");
        table.Write(path, SampleRows.Of<TRow>(rows));
        return File.ReadAllBytes(path);
    }
}
