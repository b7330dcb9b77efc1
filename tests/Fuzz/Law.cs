using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Fuzz.Targets;
using Pipelines.Host.Commands;

namespace Pipelines.Fuzz;

/// <summary>
/// The law of every reader: it reads, or refuses in one line of words; within ten seconds; with no more memory than 64
/// MiB and what a sound file of that size needs. Memory is what is allocated in all (freed or not, so the law is a
/// little stricter than it says); of readers that work in native code, also by how much the resident memory grew at its
/// peak.
/// </summary>
internal sealed class Law
{
    /// <summary>Seconds that a reading may take.</summary>
    public const int Seconds = 10;

    private const int LongestMessage = 3000;

    /// <summary>
    /// Decoders hold a picture as four channels, three channels and turned: as many bytes as four results.
    /// </summary>
    private const int CopiesOfResult = 4;

    private readonly Dictionary<Target, long> usual = [];

    /// <summary>Judges an input.</summary>
    /// <param name="target">The reader.</param>
    /// <param name="input">The file.</param>
    /// <param name="mustBeRead">The file is sound: refusing it breaks the law, too.</param>
    public Verdict Judge(Target target, byte[] input, bool mustBeRead = false)
    {
        if (!usual.ContainsKey(target))
        {
            usual[target] = Usual(target);
        }

        Verdict verdict = Once(target, input, mustBeRead);
        if (verdict is not { Outcome: Outcome.Broken, Kind: "time" or "resident memory" })
        {
            return verdict;
        }

        GC.Collect(); // a busy machine, or the garbage of earlier inputs: a second look
        return Once(target, input, mustBeRead);
    }

    /// <summary>
    /// What the sound files beside the damaged one take: the reading of the first seed, when everything has been loaded
    /// once.
    /// </summary>
    private static long Usual(Target target)
    {
        long before = 0;
        for (int time = 0; time < 2; time++)
        {
            before = GC.GetTotalAllocatedBytes();
            try
            {
                target.Read(target.Seeds[0]);
            }
            catch (Exception e) when (e is InputException or SpecException)
            {
                return 0; // the judgement of the seed says so
            }
        }

        return GC.GetTotalAllocatedBytes() - before;
    }

    private Verdict Once(Target target, byte[] input, bool mustBeRead)
    {
        long resident = target.IsNative ? ResidentMemory.StartPeak() : 0,
            allocated = GC.GetTotalAllocatedBytes(),
            held = 0;
        var clock = Stopwatch.StartNew();
        var verdict = new Verdict(Outcome.Read);
        try
        {
            long? read = target.Read(input);
            held = read ?? 0;
            if (read is null)
            {
                verdict = new Verdict(Outcome.Refused);
            }
        }
        catch (Exception e) when (e is InputException or SpecException)
        {
            verdict = new Verdict(Outcome.Refused, e.Message, e.Message);
            if (e.Message.Length is 0 or > LongestMessage)
            {
                verdict = Verdict.Broken("words without end", $"a refusal of {e.Message.Length} letters: {e.Message}");
            }
            else if (e.Message.Any(char.IsControl))
            {
                verdict = Verdict.Broken("words that steer a terminal", e.Message);
            }
        }
        catch (LawException e)
        {
            return Verdict.Broken(e.Kind, e.Message);
        }
        catch (Exception e)
        {
            return Verdict.Broken($"{e.GetType().Name} in {Place(e)}", e.ToString());
        }

        double seconds = clock.Elapsed.TotalSeconds;
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        long most = target.Allowance(input) + usual[target] + (CopiesOfResult * held);
        if (verdict.Outcome == Outcome.Broken)
        {
            return verdict;
        }

        if (mustBeRead && verdict.Outcome == Outcome.Refused)
        {
            return Verdict.Broken("sound file", $"a sound file is refused: {verdict.Detail}");
        }

        if (seconds > Seconds)
        {
            return Verdict.Broken("time", string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"));
        }

        if (allocated > most)
        {
            return Verdict.Broken(
                "memory",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{allocated:N0} bytes allocated for {input.Length:N0} bytes; {most:N0} are allowed"
                )
            );
        }

        long grown = resident > 0 ? ResidentMemory.Peak() - resident : 0;
        return grown <= most
            ? verdict
            : Verdict.Broken(
                "resident memory",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"grew by {grown:N0} bytes for {input.Length:N0} bytes; {most:N0} are allowed"
                )
            );
    }

    /// <summary>The method of ours that the exception came through first.</summary>
    private static string Place(Exception e)
    {
        string[] lines = (e.StackTrace ?? "").Split('\n');
        string? ours = lines
            .Select(l => l.Trim())
            .FirstOrDefault(l =>
                l.StartsWith("at Pipelines.", StringComparison.Ordinal)
                && !l.StartsWith("at Pipelines.Fuzz.", StringComparison.Ordinal)
            );
        return ours is null ? "the harness" : ours["at ".Length..].Split('(')[0];
    }
}
