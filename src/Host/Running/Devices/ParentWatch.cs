namespace Pipelines.Host.Running.Devices;

/// <summary>
/// Watches the input that a parent process holds open: it ends when the parent asks for that, and when the parent is
/// gone, however that came about. No process of a fleet works on for nobody.
/// </summary>
internal static class ParentWatch
{
    /// <summary>Begins to watch.</summary>
    /// <param name="input">The process's input.</param>
    /// <param name="ended">Called when it ends.</param>
    public static void Begin(Stream input, Action ended)
    {
        var watch = new Thread(() =>
        {
            try
            {
                while (input.ReadByte() >= 0) { }
            }
            catch (IOException)
            {
                // as good as an end
            }

            ended();
        })
        {
            IsBackground = true,
            Name = "parent watch",
        };
        watch.Start();
    }
}
