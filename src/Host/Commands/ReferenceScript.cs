namespace Pipelines.Host.Commands;

/// <summary>
/// The lines of Python that write what <c>check --against</c> reads, with the reference code of transformers.
/// </summary>
internal static class ReferenceScript
{
    /// <summary>The script.</summary>
    public static string Text { get; } = Read();

    private static string Read()
    {
        using Stream stream = typeof(ReferenceScript).Assembly.GetManifestResourceStream("reference.py")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
