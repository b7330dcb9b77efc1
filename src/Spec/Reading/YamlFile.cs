using System.Text;
using Pipelines.Files;

namespace Pipelines.Spec.Reading;

/// <summary>The text of a YAML file, or why there is none.</summary>
internal static class YamlFile
{
    private const int LargestFile = 1 << 20;

    /// <summary>The text of a file; null where it cannot be read, which is then among the errors.</summary>
    /// <param name="name">What errors call it.</param>
    /// <param name="path">The file.</param>
    /// <param name="errors">Takes what is wrong.</param>
    /// <param name="what">What such a file is, in a word.</param>
    public static string? Text(string name, string path, ErrorList errors, string what)
    {
        var at = new SourceMark(new SpecSource(name, "", HasLines: false), 0, 0);
        try
        {
            var file = new FileInfo(path);
            if (Directory.Exists(path))
            {
                errors.Add(at, "", $"this is a folder: name the {what} file in it");
            }
            else if (!file.Exists)
            {
                errors.Add(at, "", $"there is no such file (looked for {file.FullName})", null, Neighbour(file));
            }
            else if (file.Length > LargestFile)
            {
                errors.Add(at, "", $"the file has {file.Length} bytes: a {what} has at most {LargestFile}");
            }
            else
            {
                return Decoded(RegularFile.ReadAllBytes(path), name, errors);
            }
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            errors.Add(at, "", "the file cannot be read: " + e.Message);
        }
        return null;
    }

    private static string? Decoded(byte[] bytes, string path, ErrorList errors)
    {
        ReadOnlySpan<byte> text = bytes.AsSpan();
        if (text.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
        }
        catch (DecoderFallbackException e)
        {
            int line = 1 + text[..Math.Clamp(e.Index, 0, text.Length)].Count((byte)'\n');
            errors.Add(new SourceMark(new SpecSource(path, ""), line, 1), "", "the file is not UTF-8 text");
            return null;
        }
    }

    /// <summary>A YAML file of a similar name in the same folder, or null.</summary>
    public static string? Neighbour(FileInfo file)
    {
        if (file.Directory is not { Exists: true } folder)
        {
            return null;
        }

        try
        {
            string? near = Nearest.To(file.Name, folder.EnumerateFiles("*.y*ml").Take(1000).Select(f => f.Name));
            return near is null ? null : $"'{near}'";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // a folder that may not be listed: nothing is suggested
        }
    }
}
