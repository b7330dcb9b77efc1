using System.Text;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages a file of a folder: the input's first line names it, the rest is its content, damaged as its format can be.
/// An empty content removes the file; '/' at the name's end puts a folder in its place.
/// </summary>
internal sealed class ArtifactMutator : Mutator
{
    private static readonly Mutator Bytes = new BytesMutator(),
        Json = new JsonMutator(),
        Parquet = new ParquetMutator(),
        SafeTensors = new SafeTensorsMutator(),
        Csv = new CsvMutator(),
        Yaml = new YamlMutator();

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        (string path, byte[] content) = Split(input);
        return random.Below(10) switch
        {
            0 => Join(path, []),
            1 => Join(path.TrimEnd('/') + "/", []),
            2 => Join(path, content[..(content.Length / 2)]),
            3 or 4 => Join(path, Bytes.Mutate(content, random)),
            _ => Join(path, Of(path).Mutate(content, random)),
        };
    }

    /// <summary>Name and content.</summary>
    public static (string Path, byte[] Content) Split(byte[] input)
    {
        int end = Array.IndexOf(input, (byte)'\n');
        return end < 0
            ? (Encoding.UTF8.GetString(input), [])
            : (Encoding.UTF8.GetString(input, 0, end), input[(end + 1)..]);
    }

    /// <summary>The input of a name and a content.</summary>
    public static byte[] Join(string path, byte[] content) => [.. Encoding.UTF8.GetBytes(path), (byte)'\n', .. content];

    private static Mutator Of(string path) =>
        Path.GetExtension(path) switch
        {
            ".json" => Json,
            ".parquet" => Parquet,
            ".safetensors" => SafeTensors,
            ".csv" => Csv,
            ".yaml" => Yaml,
            _ => Bytes,
        };
}
