using System.Diagnostics;
using Pipelines.Fuzz.Targets;

namespace Pipelines.Fuzz;

/// <summary>
/// Cuts an input down while it shows the same fault: first parts of the format (members, chunks, lines), then bytes.
/// </summary>
/// <param name="target">The reader.</param>
/// <param name="shows">Whether an input shows the fault.</param>
internal sealed class Minimiser(Target target, Func<byte[], bool> shows)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    private readonly Stopwatch clock = Stopwatch.StartNew();

    /// <summary>A smaller input, or the same where none shows the fault.</summary>
    public byte[] Cut(byte[] input)
    {
        byte[] smaller = CutParts(input);
        return CutBytes(smaller);
    }

    private byte[] CutParts(byte[] input)
    {
        for (bool again = true; again && clock.Elapsed < Longest;)
        {
            again = false;
            foreach (byte[] shrunk in target.Mutators.SelectMany(m => m.Shrunk(input)))
            {
                if (clock.Elapsed > Longest)
                {
                    break;
                }

                if (shrunk.Length >= input.Length || !shows(shrunk))
                {
                    continue;
                }

                (input, again) = (shrunk, true);
                break;
            }
        }

        return input;
    }

    private byte[] CutBytes(byte[] input)
    {
        for (int run = Math.Max(1, input.Length / 2); run >= 1; run /= 2)
        {
            for (int at = 0; at < input.Length && clock.Elapsed < Longest;)
            {
                byte[] shorter = [.. input[..at], .. input[Math.Min(at + run, input.Length)..]];
                if (shows(shorter))
                {
                    input = shorter;
                }
                else
                {
                    at += run;
                }
            }
        }

        return input;
    }
}
