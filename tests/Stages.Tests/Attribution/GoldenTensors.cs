using System.Runtime.InteropServices;
using System.Text.Json;

namespace Pipelines.Stages.Tests.Attribution;

/// <summary>A safetensors file of a golden case, as plainly as can be: header length, JSON header, data.</summary>
internal sealed class GoldenTensors
{
    private readonly byte[] file;
    private readonly Dictionary<string, (string Type, long[] Shape, int Begin, int End)> entries = [];

    public GoldenTensors(string path)
    {
        file = File.ReadAllBytes(path);
        int header = checked((int)BitConverter.ToUInt64(file));
        using var json = JsonDocument.Parse(file.AsMemory(8, header));
        foreach (var tensor in json.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__"))
        {
            int[] offsets = [.. tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(o => 8 + header + o.GetInt32())];
            long[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64())];
            entries[tensor.Name] = (tensor.Value.GetProperty("dtype").GetString()!, shape, offsets[0], offsets[1]);
        }
    }

    public double[] Doubles(string name) => Values<double>(name, "F64");

    public int[] Ints(string name) => Values<int>(name, "I32");

    /// <summary>Rows of a uint8 matrix.</summary>
    public byte[][] Rows(string name)
    {
        int width = (int)entries[name].Shape[1];
        return [.. Values<byte>(name, "U8").Chunk(width)];
    }

    private T[] Values<T>(string name, string type) where T : struct
    {
        var entry = entries[name];
        return entry.Type == type ? MemoryMarshal.Cast<byte, T>(file.AsSpan(entry.Begin..entry.End)).ToArray() : throw new InvalidDataException($"{name} is {entry.Type}, not {type}");
    }
}
