using Pipelines.Fuzz.Targets;

namespace Pipelines.Fuzz;

/// <summary>Makes input n of a target: a pure function of seed, target and n.</summary>
internal static class Inputs
{
    private const int MostEdits = 6,
        Longest = 8 << 20;

    /// <summary>Whether an input is a seed as it is.</summary>
    public static bool IsSound(Target target, long number) => number < target.Seeds.Count;

    /// <summary>
    /// Input <paramref name="number"/>: first the seeds as they are, then seeds with one or more damages.
    /// </summary>
    public static byte[] Make(Target target, ulong seed, long number)
    {
        if (IsSound(target, number))
        {
            return target.Seeds[(int)number];
        }

        var random = new RandomStream(seed, target.Name, number);
        byte[] input = random.Pick(target.Seeds);
        for (int edits = random.Length(MostEdits); edits > 0; edits--)
        {
            byte[] next = random.Pick(target.Mutators).Mutate(input, random);
            if (next.Length <= Longest)
            {
                input = next;
            }
        }

        return input;
    }
}
