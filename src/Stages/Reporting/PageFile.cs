namespace Pipelines.Stages.Reporting;

/// <summary>
/// Files that go into every page. They lie beside the code, where editors know their language, and are embedded in the
/// assembly; the page holds them whole, so that it can be passed on alone.
/// </summary>
internal static class PageFile
{
    /// <summary>Text of a file as embedded.</summary>
    /// <exception cref="ArgumentException">There is no such file.</exception>
    public static string Read(string name)
    {
        using var reader = new StreamReader(Open(name));
        return reader.ReadToEnd();
    }

    /// <summary>Bytes of a file as embedded.</summary>
    /// <exception cref="ArgumentException">There is no such file.</exception>
    public static byte[] Bytes(string name)
    {
        using Stream stream = Open(name);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static Stream Open(string name) =>
        typeof(PageFile).Assembly.GetManifestResourceStream($"Reporting/{name}")
        ?? throw new ArgumentException($"no embedded file {name}", nameof(name));
}
