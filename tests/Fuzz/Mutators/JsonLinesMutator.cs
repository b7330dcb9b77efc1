using System.Text;

namespace Pipelines.Fuzz.Mutators;

/// <summary>Damages one line of a file that holds a JSON value a line.</summary>
internal sealed class JsonLinesMutator : Mutator
{
    private static readonly JsonMutator Json = new();

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        string[] lines = Encoding.Latin1.GetString(input).Split('\n');
        int line = random.Below(lines.Length);
        lines[line] = Encoding.Latin1.GetString(Json.Mutate(Encoding.Latin1.GetBytes(lines[line]), random));
        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }
}
